import { selfSigned } from '@landbridge/identity'
import { type Clock, PlatformError } from '@landbridge/kernel'
import { idpMetadata } from './idp-metadata.ts'
import type { TrustKeyPair, TrustRole, TrustStore } from './trust-store.ts'

export interface SubaccountTrustOptions {
  readonly store: TrustStore
  readonly clock: Clock
  /** What stands before `/<subaccount id>` in the name of a subaccount as issuer, for example `cfapps.example.test`. */
  readonly issuerPrefix: string
  /** Bits of new RSA keys. */
  readonly keySize: 2048 | 4096
}

/** Renewing extends by another two years (guide L10620-10624). */
const validDays = 2 * 365

/**
 * The key pairs with which a subaccount signs assertions (guide L10583-10664). They belong to the subaccount, whichever
 * of its service instances asks, and their private parts are given to nobody but the signer of assertions.
 */
export class SubaccountTrust {
  readonly #store: TrustStore
  readonly #clock: Clock
  readonly #issuerPrefix: string
  readonly #keySize: 2048 | 4096

  constructor(options: SubaccountTrustOptions) {
    this.#store = options.store
    this.#clock = options.clock
    this.#issuerPrefix = options.issuerPrefix
    this.#keySize = options.keySize
  }

  /** The subaccount as issuer of assertions: default `Issuer`, CN of its certificates and `entityID` of its metadata. */
  issuerOf(subaccountId: string): string {
    return `${this.#issuerPrefix}/${subaccountId}`
  }

  /** The pair that signs now; undefined before one was generated, because a partner could not know it. */
  signingPair(subaccountId: string): Promise<TrustKeyPair | undefined> {
    return this.#store.find(subaccountId, 'active')
  }

  /** PEM. @throws PlatformError DESTINATION_TRUST_ABSENT */
  async certificate(subaccountId: string, role: TrustRole): Promise<string> {
    const pair = await this.#store.find(subaccountId, role)
    if (pair === undefined) throw absent(subaccountId)
    return pair.certificate
  }

  /** Makes a new key pair of this role, whether there was one or not. @returns its certificate, PEM */
  async renew(subaccountId: string, role: TrustRole): Promise<string> {
    const subject = [
      { type: 'CN', value: this.issuerOf(subaccountId) },
      { type: 'O', value: 'Landbridge' },
      { type: 'OU', value: 'Destination Configuration' },
    ]
    const wish = { purpose: 'signature', subject, keySize: this.#keySize } as const
    const { cert, key } = await selfSigned(wish, validDays, this.#clock)
    await this.#store.save(subaccountId, role, { certificate: cert, privateKey: key })
    return cert
  }

  /** @throws PlatformError DESTINATION_TRUST_ABSENT */
  async removePassive(subaccountId: string): Promise<void> {
    if (!(await this.#store.removePassive(subaccountId))) throw absent(subaccountId)
  }

  /**
   * The passive pair becomes the active one and the other way round; doing it twice restores the start.
   * @returns the certificates after that, PEM
   * @throws PlatformError DESTINATION_TRUST_ABSENT
   */
  async rotate(subaccountId: string): Promise<{ readonly active: string; readonly passive: string }> {
    if (!(await this.#store.swap(subaccountId)))
      throw absent(subaccountId, (await this.#store.find(subaccountId, 'passive')) === undefined ? 'passive' : 'active')
    const [active, passive] = await Promise.all([
      this.certificate(subaccountId, 'active'),
      this.certificate(subaccountId, 'passive'),
    ])
    return { active, passive }
  }

  /** SAML metadata of the subaccount as identity provider, XML. @throws PlatformError DESTINATION_TRUST_ABSENT */
  async metadata(subaccountId: string): Promise<string> {
    const active = await this.certificate(subaccountId, 'active')
    const passive = await this.#store.find(subaccountId, 'passive')
    const certificates = passive === undefined ? [active] : [active, passive.certificate]
    return idpMetadata(this.issuerOf(subaccountId), certificates)
  }
}

function absent(subaccountId: string, role: TrustRole = 'active'): PlatformError {
  return new PlatformError('DESTINATION_TRUST_ABSENT', { subaccountId, role })
}
