import type { System } from '@landbridge/access'
import {
  acceptsAnyOf,
  type DistinguishedName,
  interpretExternal,
  interpretedByIssuer,
  type JsonWebKeySet,
  keySourcePerIssuer,
  readExternalRules,
  staticKeySource,
  TokenVerifier,
  type VerifiedToken,
} from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import type { Preface, ReceivedToken } from '@landbridge/tunnel'
import type { BackendIdentity } from '../backend/backend-identity.ts'
import type { TrustedIssuer } from '../runtime-port.ts'
import type { IdentityDecision, IdentityObserver, IdentityRefusal } from '../subaccount-context.ts'
import type { ActivePropagation, Propagator } from './propagator.ts'
import { refusal } from './refusal.ts'
import { attributesOf, type UserType } from './token-attributes.ts'
import type { IssuedUserCertificate, UserCertificates } from './user-certificates.ts'

type Outcome = IdentityDecision | null | Promise<IdentityDecision | null>

/** A decision for a verified token, good while settings and certificate are. */
interface Remembered {
  readonly decision: IdentityDecision
  readonly active: ActivePropagation
  readonly usableUntilMs: number
}

/** What a tunnel remembers about a token that it was taught. */
class FoundToken {
  /** Of the verifier that found it. Not the verifier: a tunnel's memory would keep former ones, with all their tokens. */
  readonly trust: object
  readonly token: VerifiedToken
  readonly remembered: Record<UserType, Remembered | undefined>

  constructor(trust: object, token: VerifiedToken) {
    this.trust = trust
    this.token = token
    this.remembered = { Business: undefined, Technical: undefined }
  }
}

const millisecondsPerHour = 3_600_000
/** What the rewritten head has room for; the heads that servers take end below. */
const maxNegotiationLength = 24 * 1024

/**
 * Decides for the requests of one subaccount what their backend learns about the caller. Tokens are verified here,
 * against the issuers that this subaccount trusts, whatever the cloud side checked before: a cloud side that has been
 * broken into cannot invent users. What cannot be verified is refused, never passed on without a user.
 */
export class SubaccountPropagation {
  readonly #propagator: Propagator
  readonly #subaccountId: string
  readonly #key: string
  #issuers: readonly TrustedIssuer[]
  #verifier: TokenVerifier
  /** Another object with each verifier. */
  #trust: object
  #toleranceHours: number
  /** Systems whose users are lost; a changed mapping is another system. */
  readonly #warned: WeakSet<System>
  readonly #remembered: Readonly<Record<UserType, WeakMap<VerifiedToken, Remembered>>>

  constructor(propagator: Propagator, subaccountId: string, regionHost: string) {
    this.#propagator = propagator
    this.#subaccountId = subaccountId
    this.#key = `${subaccountId}@${regionHost}`
    this.#issuers = []
    this.#toleranceHours = propagator.active.settings.expirationToleranceHours
    this.#verifier = this.#newVerifier()
    this.#trust = {}
    this.#warned = new WeakSet()
    this.#remembered = { Business: new WeakMap(), Technical: new WeakMap() }
  }

  /** Takes over the enabled issuers and the settings, from the next request on. */
  configure(issuers: readonly TrustedIssuer[]): void {
    const { expirationToleranceHours } = this.#propagator.active.settings
    if (sameIssuers(this.#issuers, issuers) && this.#toleranceHours === expirationToleranceHours) return
    this.#issuers = issuers
    this.#toleranceHours = expirationToleranceHours
    // Tokens verified under the old list are forgotten with their verifier.
    this.#verifier = this.#newVerifier()
    this.#trust = {}
  }

  /** What guide L21130 to L21180 say for each mode. Plain HTTP carries no certificates: users are not propagated there. */
  readonly decide = (system: System, preface: Readonly<Preface>, observer?: IdentityObserver): Outcome => {
    const { authenticationMode } = system
    const hasToken = preface.userToken !== '' || preface.technicalToken !== ''
    if (authenticationMode === 'KERBEROS') {
      if (hasToken) return this.#ticket(system, preface, observer)
      return system.tls && this.#propagator.active.hasSystemCertificate ? this.#marker() : null
    }
    if (!system.tls) return this.#without(system, hasToken)
    switch (authenticationMode) {
      case 'NONE':
        return null
      case 'NONE_RESTRICTED':
        return this.#marker()
      case 'X509_GENERAL':
        return hasToken ? this.#user(preface, observer) : null
      case 'X509_RESTRICTED':
        return hasToken ? this.#user(preface, observer) : this.#marker()
      default:
        return authenticationMode satisfies never
    }
  }

  /** Believes a token by the rules that count for HTTP, without telling anybody. */
  readonly verify = async ({ userToken, technicalToken }: Readonly<Preface>): Promise<IdentityRefusal | null> => {
    try {
      this.#checkTenant(await this.#verifier.verify(userToken === '' ? technicalToken : userToken))
      return null
    } catch (failure) {
      return refusal(failure)
    }
  }

  /** A ticket for each request: they are good for one use only (guide L5089). */
  async #ticket(
    system: System,
    preface: Readonly<Preface>,
    observer: IdentityObserver | undefined,
  ): Promise<IdentityDecision> {
    const userType = preface.userToken === '' ? 'Technical' : 'Business'
    const token = preface.userToken === '' ? preface.technicalToken : preface.userToken
    const { active, tickets } = this.#propagator
    try {
      const verified = await this.#verifier.verify(token)
      observer?.tokenValidated()
      this.#checkTenant(verified)
      const { kerberos, patterns } = active
      if (kerberos === null || tickets === null) throw new PlatformError('PROPAGATION_KERBEROS')
      const user = ticketUser(patterns.subjectOf(attributesOf(verified.claims, userType)), kerberos.realm)
      const negotiation = await tickets.tokenFor(kerberos, user, system.internalHost)
      if (negotiation.length > maxNegotiationLength)
        throw new PlatformError('KERBEROS_TICKET', { service: system.internalHost, reason: 'the ticket is too large' })
      const marker =
        system.tls && active.hasSystemCertificate ? `SSL_CLIENT_CERT: ${active.settings.noCertificateMarker}\r\n` : ''
      const lines = `Authorization: Negotiate ${negotiation}\r\n${marker}`
      const principal = `${user}@${kerberos.realm}`
      const identity = { name: principal, user: principal, certificate: null }
      return { kind: 'headers', headers: { lines, replacesAuthorization: true }, identity }
    } catch (failure) {
      return refusal(failure)
    }
  }

  /** Plain HTTP has no place for certificates: the request goes on, and a user who is lost is told once. */
  #without(system: System, hasToken: boolean): null {
    const isWanted = system.authenticationMode === 'X509_GENERAL' || system.authenticationMode === 'X509_RESTRICTED'
    if (!isWanted || !hasToken || this.#warned.has(system)) return null
    this.#warned.add(system)
    const { virtualHost, virtualPort, authenticationMode } = system
    this.#propagator.log.warn('propagation.needs-https', {
      subaccount: this.#subaccountId,
      system: `${virtualHost}:${virtualPort}`,
      authenticationMode,
    })
    return null
  }

  #marker(): IdentityDecision {
    return headerDecision(this.#propagator.active.settings.noCertificateMarker, null)
  }

  /** A business user goes before a technical one, should both be there (guide L12166). */
  #user(preface: Readonly<Preface>, observer: IdentityObserver | undefined): Outcome {
    const { userToken, technicalToken } = preface
    const userType = userToken === '' ? 'Technical' : 'Business'
    const token = userToken === '' ? technicalToken : userToken
    const received = userToken === '' ? preface.receivedTechnical : preface.receivedUser
    const found = received ? this.#found(received) : undefined
    const verified = received ? found?.token : this.#verifier.cached(token)
    if (verified === undefined) return this.#verify(token, userType, observer)
    const near = found?.remembered[userType]
    if (this.#isUsable(near)) return near.decision
    const remembered = this.#remembered[userType].get(verified)
    if (found !== undefined) found.remembered[userType] = remembered
    if (this.#isUsable(remembered)) return remembered.decision
    return this.#certify(verified, userType)
  }

  /** Made under the settings of this moment, and with a certificate that still lives. */
  #isUsable(remembered: Remembered | undefined): remembered is Remembered {
    if (remembered === undefined) return false
    const { active, clock } = this.#propagator
    return remembered.active === active && remembered.usableUntilMs > clock.now()
  }

  /** Like `cached`, without a look-up for what has been looked up for an earlier request of the same tunnel. */
  #found(received: ReceivedToken): FoundToken | undefined {
    const verifier = this.#verifier
    const { found } = received
    // Under another verifier others are trusted, or longer: what the former one found says nothing.
    if (found instanceof FoundToken && found.trust === this.#trust && verifier.isAlive(found.token)) return found
    const token = verifier.cached(received.text)
    const next = token === undefined ? undefined : new FoundToken(this.#trust, token)
    received.found = next
    return next
  }

  async #verify(
    token: string,
    userType: UserType,
    observer: IdentityObserver | undefined,
  ): Promise<IdentityDecision | null> {
    try {
      const verified = await this.#verifier.verify(token)
      observer?.tokenValidated()
      return await this.#certify(verified, userType)
    } catch (failure) {
      return refusal(failure)
    }
  }

  #certify(token: VerifiedToken, userType: UserType): IdentityDecision | Promise<IdentityDecision> {
    const { active } = this.#propagator
    try {
      this.#checkTenant(token)
      const { patterns } = active
      const certificates = usable(active)
      const certificate = certificates.find(this.#key, patterns.subjectOf(attributesOf(token.claims, userType)))
      if (!(certificate instanceof Promise)) return this.#remember(token, userType, active, certificate)
      return certificate
        .then((issued) =>
          // Settings may have changed meanwhile, for example where the certificate has to be.
          active === this.#propagator.active
            ? this.#remember(token, userType, active, issued)
            : this.#certify(token, userType),
        )
        .catch(refusal)
    } catch (failure) {
      return refusal(failure)
    }
  }

  /** A token that names a tenant is for that one only, although all tenants of a region may share an issuer. */
  #checkTenant({ tenantId }: VerifiedToken): void {
    // IDs are written in either case, by administrators above all.
    if (tenantId !== '' && tenantId.toLowerCase() !== this.#subaccountId.toLowerCase())
      throw new PlatformError('PROPAGATION_TENANT', { tenantId })
  }

  #remember(
    token: VerifiedToken,
    userType: UserType,
    active: ActivePropagation,
    { base64, identity, usableUntilMs }: IssuedUserCertificate,
  ): IdentityDecision {
    const decision: IdentityDecision =
      identity.certificate === null ? headerDecision(base64, identity) : { kind: 'headers', headers: null, identity }
    this.#remembered[userType].set(token, { decision, active, usableUntilMs })
    return decision
  }

  #newVerifier(): TokenVerifier {
    const issuers = this.#issuers.map(({ issuer, jwks, rules }) => ({
      accepts: (candidate: string) => candidate === issuer,
      keys: staticKeySource(readKeySet(jwks)),
      ...(rules === undefined ? {} : { interpret: external(issuer, rules) }),
    }))
    return new TokenVerifier({
      keys: keySourcePerIssuer(issuers),
      clock: this.#propagator.clock,
      acceptIssuer: acceptsAnyOf(issuers),
      interpret: interpretedByIssuer(issuers),
      expiryToleranceSeconds: (this.#toleranceHours * millisecondsPerHour) / 1000,
    })
  }
}

/** Tokens of an issuer that is not the platform's own, by the rules that the cloud side has for it. */
function external(issuer: string, json: object): (token: VerifiedToken) => Promise<VerifiedToken> {
  const rules = readExternalRules(issuer, json)
  return (token) => interpretExternal(rules, token)
}

/**
 * The name of the user at the KDC: the common name that the subject rules give. With another realm than the configured
 * one it is somebody else, who must not become a namesake.
 * @throws PlatformError KERBEROS_USER
 */
function ticketUser(subject: DistinguishedName, realm: string): string {
  const name = subject.find(({ type }) => type === 'CN')?.value ?? ''
  const at = name.lastIndexOf('@')
  const user = at < 0 ? name : name.slice(0, at)
  const isOfRealm = at < 0 || name.slice(at + 1).toLowerCase() === realm.toLowerCase()
  // What a principal or a host name may not hold would have to be escaped: nobody is called that.
  if (!isOfRealm || !/^[^\s@/\\\0]{1,256}$/.test(user)) throw new PlatformError('KERBEROS_USER', { user: name, realm })
  return user
}

/** @throws PlatformError PROPAGATION_NO_AUTHORITY */
function usable({ certificates }: ActivePropagation): UserCertificates {
  if (certificates === null) throw new PlatformError('PROPAGATION_NO_AUTHORITY')
  return certificates
}

/** @param identity whose TLS connection it is: a user's is never used for another one, nor for the connector itself. */
function headerDecision(value: string, identity: BackendIdentity | null): IdentityDecision {
  return { kind: 'headers', headers: { lines: `SSL_CLIENT_CERT: ${value}\r\n` }, identity }
}

/** The list is rebuilt with every change of the configuration; key sets that did not change stay the same objects. */
function sameIssuers(a: readonly TrustedIssuer[], b: readonly TrustedIssuer[]): boolean {
  return (
    a.length === b.length &&
    a.every((entry, index) => {
      const other = b[index]
      return entry.issuer === other?.issuer && entry.jwks === other.jwks && entry.rules === other.rules
    })
  )
}

/** The cloud names the keys; what is no key set has none. */
function readKeySet(jwks: object): JsonWebKeySet {
  const { keys } = jwks as { keys?: unknown }
  if (!Array.isArray(keys)) return { keys: [] }
  return { keys: keys.filter((key) => typeof key === 'object' && key !== null) }
}
