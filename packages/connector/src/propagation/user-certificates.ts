import { createHash } from 'node:crypto'
import {
  type DistinguishedName,
  formatDistinguishedName,
  type UserCertificateAuthority,
  type UserCertificateWish,
} from '@landbridge/identity'
import { type Clock, PlatformError } from '@landbridge/kernel'
import type { BackendIdentity } from '../backend/backend-identity.ts'

/** How a certificate reaches a backend: in a header behind the connector's certificate, or in the TLS handshake. */
export type CertificateCarrier = 'header' | 'handshake'

/** A certificate as a request carries it. */
export interface IssuedUserCertificate {
  readonly identity: BackendIdentity
  /** DER in base64, on one line; '' when the identity has the certificate. */
  readonly base64: string
  /** From then on another one is needed; a little before the certificate ends. */
  readonly usableUntilMs: number
}

const maxCertificates = 10_000
/** The most that a certificate begins in the past: backends may have slow clocks. */
const maxBackdateMs = 120_000
/** A request takes time to arrive: a certificate is not used in its last moments. */
const maxReserveMs = 30_000

/**
 * The users' certificates of one authority: one per subaccount and full name, used again until shortly before its end,
 * issued once however many requests wait for it. Another authority or lifetime means another object, so that nothing
 * outlives the settings it was made under.
 */
export class UserCertificates {
  readonly #authority: UserCertificateAuthority
  readonly #validityMs: number
  readonly #clock: Clock
  readonly #carrier: CertificateCarrier
  readonly #known: Map<string, IssuedUserCertificate>
  readonly #pending: Map<string, Promise<IssuedUserCertificate>>

  constructor(
    authority: UserCertificateAuthority,
    validityMinutes: number,
    clock: Clock,
    carrier: CertificateCarrier = 'header',
  ) {
    this.#authority = authority
    this.#carrier = carrier
    this.#validityMs = validityMinutes * 60_000
    this.#clock = clock
    this.#known = new Map()
    this.#pending = new Map()
  }

  /** Certificates kept, for monitoring. */
  get size(): number {
    return this.#known.size
  }

  /** A value when the certificate is there, a promise when it has to be issued. */
  find(subaccountKey: string, name: DistinguishedName): IssuedUserCertificate | Promise<IssuedUserCertificate> {
    const subject = formatDistinguishedName(name)
    const key = `${subaccountKey}\n${subject}`
    const known = this.#known.get(key)
    if (known !== undefined && known.usableUntilMs > this.#clock.now()) return known
    const pending = this.#pending.get(key)
    if (pending !== undefined) return pending
    const issued = this.#issue(key, name, subject).finally(() => this.#pending.delete(key))
    this.#pending.set(key, issued)
    return issued
  }

  async #issue(key: string, name: DistinguishedName, subject: string): Promise<IssuedUserCertificate> {
    const now = this.#clock.now()
    if (this.#authority.notAfterMs <= now + 1_000) throw new PlatformError('PROPAGATION_AUTHORITY_EXPIRED')
    const notBeforeMs = now - Math.min(maxBackdateMs, this.#validityMs / 10)
    // Counted from its beginning: the whole span is never longer than configured.
    const wish = { subject: name, notBeforeMs, notAfterMs: notBeforeMs + this.#validityMs }
    const { notAfterMs, ...carried } = await this.#carry(wish, subject)
    const usableUntilMs = notAfterMs - Math.min(maxReserveMs, this.#validityMs / 20)
    const certificate = { ...carried, usableUntilMs }
    this.#keep(key, certificate)
    return certificate
  }

  async #carry(
    wish: UserCertificateWish,
    subject: string,
  ): Promise<{ identity: BackendIdentity; base64: string; notAfterMs: number }> {
    if (this.#carrier === 'header') {
      const { der, notAfterMs } = await this.#authority.issue(wish)
      return {
        identity: { name: subject, user: subject, certificate: null },
        base64: der.toString('base64'),
        notAfterMs,
      }
    }
    const { der, chain, key, keyType, notAfterMs } = await this.#authority.issueLogon(wish)
    const name = `${subject} ${createHash('sha256').update(der).digest('hex')}`
    return { identity: { name, user: subject, certificate: { cert: chain, key, keyType } }, base64: '', notAfterMs }
  }

  #keep(key: string, certificate: IssuedUserCertificate): void {
    // Renewed ones go to the end; all live equally long, so the first is the one that ends first.
    this.#known.delete(key)
    if (this.#known.size >= maxCertificates)
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest)
        break
      }
    this.#known.set(key, certificate)
  }
}
