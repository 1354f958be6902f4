import { randomUUID, X509Certificate } from 'node:crypto'
import { type LocalCa, readPkcs12, writePkcs12 } from '@landbridge/identity'
import { type Clock, isPlatformError, PlatformError, type Secret } from '@landbridge/kernel'
import type { RenewalPolicy } from '../renewal/renewal-policy.ts'
import { issueTenantCertificate, readLeaf } from './issue-tenant-certificate.ts'
import type { KeyAlgorithm, TenantCertificate } from './tenant-certificate.ts'
import type { TenantCertificateStore } from './tenant-certificate-store.ts'

export interface TenantCertificatesOptions {
  readonly store: TenantCertificateStore
  readonly authority: () => Promise<LocalCa>
  readonly policy: RenewalPolicy
  readonly clock: Clock
}

export interface NewTenantCertificate {
  readonly subaccountId: string
  readonly name: string
  readonly keyAlgorithm?: KeyAlgorithm
  readonly lifetimeDays?: number
}

export interface UploadedTenantCertificate {
  readonly subaccountId: string
  readonly name: string
  readonly pkcs12: Uint8Array
  readonly password: Secret
}

/** The client certificates of tenants, for their administrators. */
export class TenantCertificates {
  readonly #options: TenantCertificatesOptions

  constructor(options: TenantCertificatesOptions) {
    this.#options = options
  }

  /** Soonest end first. */
  list(subaccountId: string): Promise<readonly TenantCertificate[]> {
    return this.#options.store.list({ subaccountId })
  }

  /** @throws PlatformError TENANT_CERTIFICATE_UNKNOWN */
  async find(subaccountId: string, id: string): Promise<TenantCertificate> {
    const found = await this.#options.store.find(id)
    if (found?.subaccountId !== subaccountId) throw new PlatformError('TENANT_CERTIFICATE_UNKNOWN', { certificate: id })
    return found
  }

  /** Makes a key pair that the platform renews from now on. @throws PlatformError TENANT_CERTIFICATE_* */
  async create(wanted: NewTenantCertificate): Promise<TenantCertificate> {
    const { policy, authority, clock, store } = this.#options
    const { keyAlgorithm = policy.keyAlgorithm, lifetimeDays = policy.lifetimeDays } = wanted
    const wish = { ...wanted, name: checkedName(wanted.name), keyAlgorithm, lifetimeDays }
    const made = await issueTenantCertificate(await authority(), wish, clock.now())
    await store.insert(made.certificate, made.privateKey)
    return made.certificate
  }

  /** Takes in a key pair that its owner renews. @throws PlatformError TENANT_CERTIFICATE_* */
  async upload({ subaccountId, name, pkcs12, password }: UploadedTenantCertificate): Promise<TenantCertificate> {
    const { clock, store } = this.#options
    const content = await opened(pkcs12, password)
    const leaf = readLeaf(content.chain)
    const certificate: TenantCertificate = {
      id: randomUUID(),
      subaccountId,
      name: checkedName(name),
      state: 'active',
      renewer: 'user',
      keyAlgorithm: keyAlgorithmOf(content.chain),
      lifetimeDays: Math.ceil((leaf.notAfterMs - leaf.notBeforeMs) / 86_400_000),
      ...leaf,
      createdAtMs: clock.now(),
    }
    await store.insert(certificate, content.key)
    return certificate
  }

  /**
   * The key pair for the system that presents it: the active one, and a replaced one until it ends or is retired.
   * @throws PlatformError TENANT_CERTIFICATE_UNKNOWN, TENANT_CERTIFICATE_OUT_OF_USE
   */
  async exportPkcs12(subaccountId: string, id: string, password: Secret): Promise<Buffer> {
    const certificate = await this.find(subaccountId, id)
    const key = await this.#options.store.privateKey(id)
    if (key === undefined || certificate.notAfterMs <= this.#options.clock.now())
      throw new PlatformError('TENANT_CERTIFICATE_OUT_OF_USE', {
        certificate: id,
        state: certificate.state,
        notAfter: new Date(certificate.notAfterMs).toISOString(),
      })
    return writePkcs12({ chain: certificate.certificate, key: key.reveal(), alias: certificate.name, password })
  }

  /** Ends the overlap, or the use altogether, and destroys the key. The certificate stays to be seen. */
  async retire(subaccountId: string, id: string): Promise<TenantCertificate> {
    await this.find(subaccountId, id)
    await this.#options.store.retire(id, this.#options.clock.now())
    return this.find(subaccountId, id)
  }
}

async function opened(pkcs12: Uint8Array, password: Secret): Promise<{ chain: string; key: Secret }> {
  try {
    const { cert, key } = await readPkcs12(pkcs12, password)
    return { chain: cert, key }
  } catch (cause) {
    if (!isPlatformError(cause, 'CERTIFICATE_INVALID')) throw cause
    const reason = String(cause.facts.reason ?? 'it cannot be read')
    throw new PlatformError('TENANT_CERTIFICATE_INVALID', { field: 'pkcs12', reason }, { cause })
  }
}

function keyAlgorithmOf(chain: string): TenantCertificate['keyAlgorithm'] {
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(chain).publicKey
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'EC-P256'
  const rsa = asymmetricKeyType === 'rsa' ? `RSA-${asymmetricKeyDetails?.modulusLength}` : 'other'
  return rsa === 'RSA-2048' || rsa === 'RSA-3072' || rsa === 'RSA-4096' ? rsa : 'other'
}

function checkedName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/.test(name)) return name
  const reason = 'must have 1 to 64 letters, digits, spaces, dots, underscores or hyphens'
  throw new PlatformError('TENANT_CERTIFICATE_INVALID', { field: 'name', reason })
}
