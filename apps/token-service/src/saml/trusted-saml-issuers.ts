import { type KeyObject, X509Certificate } from 'node:crypto'
import { type Clock, PlatformError } from '@landbridge/kernel'
import type { TokenServiceConfig } from '../config.ts'
import { type IdpMetadata, readIdpMetadata } from './idp-metadata.ts'

/** An identity provider whose assertions count in one subaccount. */
export interface TrustedSamlIssuer {
  readonly entityId: string
  readonly subaccountId: string
  readonly origin: string
}

interface Entry extends TrustedSamlIssuer {
  readonly certificates: readonly X509Certificate[]
}

/** The SAML identity providers of the configuration. */
export class TrustedSamlIssuers {
  readonly #entries: readonly Entry[]
  readonly #clock: Clock

  /** @throws PlatformError CONFIG_INVALID when a certificate cannot verify a signature. */
  constructor(configured: TokenServiceConfig['samlIssuers'], clock: Clock) {
    this.#entries = configured.map(({ subaccountId, origin, ...issuer }) => {
      const { entityId, certificates } = identityOf(issuer)
      return { entityId, subaccountId, origin, certificates: certificates.map((pem) => readCertificate(pem, entityId)) }
    })
    this.#clock = clock
  }

  find(entityId: string, subaccountId: string): TrustedSamlIssuer | undefined {
    return this.#entry(entityId, subaccountId)
  }

  /** The keys of an issuer whose certificates are valid now. */
  keysOf({ entityId, subaccountId }: TrustedSamlIssuer): readonly KeyObject[] {
    const now = this.#clock.now()
    const certificates = this.#entry(entityId, subaccountId)?.certificates ?? []
    return certificates
      .filter(({ validFrom, validTo }) => Date.parse(validFrom) <= now && now <= Date.parse(validTo))
      .map(({ publicKey }) => publicKey)
  }

  #entry(entityId: string, subaccountId: string): Entry | undefined {
    return this.#entries.find((entry) => entry.entityId === entityId && entry.subaccountId === subaccountId)
  }
}

/** Name and certificates come from the metadata, or they are written out; both at once could contradict each other. */
function identityOf(issuer: Partial<IdpMetadata> & { readonly metadata?: string }): IdpMetadata {
  const { metadata, entityId, certificates } = issuer
  if (metadata !== undefined && entityId === undefined && certificates === undefined) return readIdpMetadata(metadata)
  if (metadata === undefined && entityId !== undefined && certificates !== undefined) return { entityId, certificates }
  const problem = 'a SAML issuer needs either metadata or both entityId and certificates'
  throw new PlatformError('CONFIG_INVALID', { problems: [problem] })
}

function readCertificate(pem: string, entityId: string): X509Certificate {
  const certificate = tryRead(pem)
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate?.publicKey ?? {}
  const isUsable = asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
  if (certificate !== undefined && isUsable) return certificate
  const problem = `a certificate of the SAML issuer ${entityId} is not a PEM certificate with an RSA key of 2048 bits`
  throw new PlatformError('CONFIG_INVALID', { problems: [problem] })
}

function tryRead(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}
