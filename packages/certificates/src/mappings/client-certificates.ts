import { X509Certificate } from 'node:crypto'
import type { CallingClient, VerifiedToken } from '@landbridge/identity'
import { type CertificateFacts, certificateFacts } from '@landbridge/identity'
import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import type { TrustedIssuer } from './certificate-mapping.ts'
import { type CallableService, type CommunicationUser, userIdOf } from './communication-user.ts'
import type { ApplicablePattern, MappingRepository } from './mapping-repository.ts'
import { matchesSubject, parseSubjectPattern } from './subject-pattern.ts'

/** Why a client certificate was refused; the caller is told no more than that it is not known. */
export type CertificateRefusal =
  | 'expired'
  | 'not yet valid'
  | 'not mapped'
  | 'mapped to another user'
  | 'fits patterns of several users'

/** A caller who proved to hold the key of a certificate that is assigned to a communication user. */
export interface CertificateCaller {
  readonly user: CommunicationUser
  readonly facts: CertificateFacts
  /** The pattern that the certificate fits; absent when it is assigned by itself. */
  readonly patternId?: string
}

export interface PresentedCertificate {
  /** Shown in a TLS handshake, which proves possession of the key and nothing else. */
  readonly certificate: X509Certificate
  readonly subaccountId: string
  /** Name or client ID of the user whom the caller claims to be; absent: whoever the certificate says. */
  readonly claimed?: string
  readonly remoteAddress?: string
}

/** OIDs of extended key usages that allow client authentication (RFC 5280 section 4.2.1.12). */
const forClients: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'])

/**
 * Tells who a caller is by the client certificate. Every question is answered from the store, by index, so that an
 * assignment that was made or removed counts at once on every replica.
 */
export class ClientCertificates {
  readonly #repository: MappingRepository
  readonly #clock: Clock
  readonly #log: Log

  constructor(options: { readonly repository: MappingRepository; readonly clock: Clock; readonly log: Log }) {
    this.#repository = options.repository
    this.#clock = options.clock
    this.#log = options.log
  }

  /** @throws PlatformError CLIENT_CERTIFICATE_REFUSED; the cause is in the log */
  async authenticate(presented: PresentedCertificate): Promise<CertificateCaller> {
    const facts = certificateFacts(presented.certificate)
    const found = await this.#find(presented, facts)
    if (typeof found === 'string') throw this.#refused(presented, facts, found)
    const { claimed } = presented
    const isClaimed =
      claimed === undefined ||
      userIdOf(claimed) === found.user.id ||
      claimed.toLowerCase() === found.user.name.toLowerCase()
    if (!isClaimed) throw this.#refused(presented, facts, 'mapped to another user', found.user.name)
    return found
  }

  /**
   * Like `authenticate`, for a request that may name its tenant or not. A certificate may be assigned in several
   * tenants, so that it does not say which is meant.
   * @throws PlatformError CLIENT_CERTIFICATE_REFUSED, CLIENT_CERTIFICATE_TENANT_MISSING
   */
  async authenticateIn(
    subaccountId: string | undefined,
    presented: Omit<PresentedCertificate, 'subaccountId'>,
  ): Promise<CertificateCaller> {
    if (subaccountId !== undefined) return this.authenticate({ ...presented, subaccountId })
    const facts = certificateFacts(presented.certificate)
    if (await this.#repository.isAssigned(facts.fingerprint))
      throw new PlatformError('CLIENT_CERTIFICATE_TENANT_MISSING')
    throw this.#refused({ ...presented, subaccountId: '' }, facts, 'not mapped')
  }

  /**
   * What the holder of a communication user's token may call: nothing once the certificate that the token was given
   * for is assigned no more.
   */
  async clientOf(token: VerifiedToken, service: CallableService): Promise<CallingClient | undefined> {
    const user = await this.#repository.findUserById(userIdOf(token.clientId) ?? '')
    if (user === undefined || user.subaccountId !== token.tenantId || !(await this.#isStillMapped(token, user)))
      return undefined
    return callingClient(user, service)
  }

  async #isStillMapped({ claims }: VerifiedToken, user: CommunicationUser): Promise<boolean> {
    const patternId = claims.ext_attr?.certificatepattern
    if (typeof patternId === 'string')
      return (await this.#repository.find(user.subaccountId, patternId))?.userId === user.id
    const confirmation = claims.cnf as { readonly 'x5t#S256'?: unknown } | undefined
    const fingerprint = Buffer.from(String(confirmation?.['x5t#S256'] ?? ''), 'base64url').toString('hex')
    return (await this.#repository.findExact(user.subaccountId, fingerprint))?.userId === user.id
  }

  async #find(
    { certificate, subaccountId }: PresentedCertificate,
    facts: CertificateFacts,
  ): Promise<CertificateCaller | CertificateRefusal> {
    const now = this.#clock.now()
    if (now > facts.notAfter.getTime()) return 'expired'
    if (now < facts.notBefore.getTime()) return 'not yet valid'
    const exact = await this.#repository.findExact(subaccountId, facts.fingerprint)
    const user = exact && (await this.#repository.findUserById(exact.userId))
    if (user !== undefined) return { user, facts }
    const fitting = (await this.#repository.findPatterns(subaccountId, facts.issuer)).filter(
      ({ mapping, issuer }) =>
        matchesSubject(parseSubjectPattern(mapping.subject), facts.subjectAttributes) &&
        isIssuedBy(certificate, issuer, now),
    )
    return callerByPattern(fitting, facts)
  }

  #refused(
    { subaccountId, remoteAddress = '' }: Omit<PresentedCertificate, 'certificate'>,
    facts: CertificateFacts,
    cause: CertificateRefusal,
    user?: string,
  ): PlatformError {
    const { fingerprint, subject, issuer } = facts
    const validity = { notBefore: facts.notBefore.toISOString(), notAfter: facts.notAfter.toISOString() }
    const details = { subaccountId, fingerprint, subject, issuer, ...validity, ...(user === undefined ? {} : { user }) }
    this.#log.warn('client-certificate.refused', { cause, ...details, remoteAddress })
    return new PlatformError('CLIENT_CERTIFICATE_REFUSED', { cause, ...details })
  }
}

/** What a user may call at a service; undefined when it is closed to him. */
export function callingClient(user: CommunicationUser, service: CallableService): CallingClient | undefined {
  const instanceId = user.instances[service]
  return instanceId === undefined ? undefined : { subaccountId: user.subaccountId, instanceId, service }
}

/** Overlapping patterns are refused when they are made; should there be some all the same, nobody is let in by them. */
function callerByPattern(
  fitting: readonly ApplicablePattern[],
  facts: CertificateFacts,
): CertificateCaller | CertificateRefusal {
  const [first] = fitting
  if (first === undefined) return 'not mapped'
  if (fitting.some(({ user }) => user.id !== first.user.id)) return 'fits patterns of several users'
  return { user: first.user, facts, patternId: first.mapping.id }
}

/**
 * Whether a trusted authority itself signed the certificate, for clients. Chains are not followed: who wants to accept
 * certificates of an intermediate authority trusts that one.
 */
function isIssuedBy(certificate: X509Certificate, issuer: TrustedIssuer, now: number): boolean {
  if (now < issuer.notBeforeMs || now > issuer.notAfterMs || certificate.ca) return false
  const authority = new X509Certificate(issuer.certificate)
  const usages = certificate.keyUsage as readonly string[] | undefined
  return (
    (usages === undefined || usages.some((usage) => forClients.has(usage))) &&
    certificate.checkIssued(authority) &&
    certificate.verify(authority.publicKey)
  )
}
