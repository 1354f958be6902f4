import type { TokenVerifier, VerifiedToken } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import type { AccessPolicy, Caller, Credentials } from './access-policy.ts'
import { EmbeddedTokens } from './embedded-tokens.ts'
import { flatText } from './flat-text.ts'

const forever = Number.POSITIVE_INFINITY

/** Decides who a caller is and for which subaccount it speaks (connectivity-proxy, caller authorization). */
export class Authorizer {
  readonly policy: AccessPolicy
  readonly #verifier: TokenVerifier
  readonly #embedded: EmbeddedTokens

  constructor(policy: AccessPolicy, verifier: TokenVerifier) {
    this.policy = policy
    this.#verifier = verifier
    this.#embedded = new EmbeddedTokens(policy.embeddedTokenClaims ?? [])
  }

  /** @throws PlatformError of the areas proxy and identity; every one maps to 407 or 403 */
  async authorize(credentials: Credentials): Promise<Caller> {
    const technicalToken = flatText(bearer(credentials.technicalAuthentication))
    const userHeader = flatText(bearer(credentials.userAuthentication))
    if (!this.policy.authorization) return this.#trusted(credentials, userHeader, technicalToken)
    const token = await this.#verified(proxyToken(credentials.proxyAuthorization))
    if (!this.policy.acceptClient(token))
      throw new PlatformError('PROXY_CLIENT_NOT_ALLOWED', { clientId: token.clientId })
    // One of two users would be a guess (guide L34343).
    if (userHeader !== '' && token.userName !== '') throw new PlatformError('USER_IN_TWO_HEADERS')
    const { subaccountId, expiresAtMs } = await this.#tenant(token, userHeader)
    return {
      subaccountId,
      clientId: token.clientId,
      userToken: this.#embedded.innermost(userHeader !== '' ? userHeader : token.userName !== '' ? token.raw : ''),
      technicalToken,
      serviceToken: '',
      expiresAtMs,
    }
  }

  /**
   * The decision of `authorize` without waiting, for callers whose tokens are all known; null where it needs more than
   * that or would be a refusal.
   */
  known(credentials: Credentials): Caller | null {
    const { policy } = this
    let userToken = bearer(credentials.userAuthentication)
    if (!policy.authorization || !/^bearer /i.test(credentials.proxyAuthorization)) return null
    const token = this.#verifier.cached(bearer(credentials.proxyAuthorization))
    if (token === undefined || !policy.acceptClient(token)) return null
    if (userToken !== '' && token.userName !== '') return null
    const { tenantId, clientId } = token
    let { expiresAtMs } = token
    if (policy.tenantMode === 'dedicated') {
      if (tenantId !== policy.subaccountId) return null
    } else if (userToken !== '' && policy.userTokenNamesTenant) {
      const user = this.#verifier.cached(userToken)
      if (user === undefined || user.tenantId !== tenantId) return null
      // The same text: whoever looks it up finds its hash made already.
      userToken = user.raw
      expiresAtMs = Math.min(expiresAtMs, user.expiresAtMs)
    }
    return {
      subaccountId: tenantId,
      clientId,
      userToken: this.#embedded.innermost(userToken === '' && token.userName !== '' ? token.raw : userToken),
      technicalToken: bearer(credentials.technicalAuthentication),
      serviceToken: '',
      expiresAtMs,
    }
  }

  /**
   * True where the user of a header of its own decides about more than who is propagated. Otherwise the decision for one
   * user is good for every other one, with another token.
   */
  get userDecides(): boolean {
    const { authorization, tenantMode, userTokenNamesTenant } = this.policy
    return authorization && tenantMode === 'shared' && userTokenNamesTenant
  }

  /** The token to propagate, from the header with the user. */
  userToken(userAuthentication: string): string {
    return this.#embedded.innermost(flatText(bearer(userAuthentication)))
  }

  async #trusted(credentials: Credentials, userToken: string, technicalToken: string): Promise<Caller> {
    const base = { clientId: '', userToken: this.#embedded.innermost(userToken), technicalToken }
    if (this.policy.tenantMode === 'dedicated')
      return { ...base, subaccountId: this.policy.subaccountId, serviceToken: '', expiresAtMs: forever }
    const serviceToken = bearer(credentials.serviceToken)
    // Without the token there is no tenant: assuming one would be a leak between tenants.
    if (serviceToken === '') throw new PlatformError('SERVICE_TOKEN_MISSING')
    const token = await this.#verifier.verify(serviceToken)
    if (!this.policy.acceptServiceClient(token))
      throw new PlatformError('PROXY_CLIENT_NOT_ALLOWED', { clientId: token.clientId })
    return {
      ...base,
      clientId: token.clientId,
      subaccountId: token.tenantId,
      serviceToken,
      expiresAtMs: token.expiresAtMs,
    }
  }

  #verified(token: string): Promise<VerifiedToken> {
    const known = this.#verifier.cached(token)
    return known === undefined ? this.#verifier.verify(token) : Promise.resolve(known)
  }

  /** The subaccount, and when the first token that decided about it expires. */
  async #tenant(token: VerifiedToken, userToken: string): Promise<Pick<Caller, 'subaccountId' | 'expiresAtMs'>> {
    const { policy } = this
    const { tenantId, expiresAtMs } = token
    if (policy.tenantMode === 'dedicated') {
      if (tenantId !== policy.subaccountId) throw new PlatformError('PROXY_TENANT_MISMATCH')
      return { subaccountId: tenantId, expiresAtMs }
    }
    if (userToken === '' || !policy.userTokenNamesTenant) return { subaccountId: tenantId, expiresAtMs }
    const user = await this.#platformUser(userToken)
    if (user === null) return { subaccountId: tenantId, expiresAtMs }
    if (user.tenantId !== tenantId && !(await policy.mayActFor(token, user.tenantId)))
      throw new PlatformError('USER_TENANT_MISMATCH')
    return { subaccountId: user.tenantId, expiresAtMs: Math.min(expiresAtMs, user.expiresAtMs) }
  }

  /** Null for tokens that this platform has not issued (IAS, OIDC): the Cloud Connector verifies those. */
  async #platformUser(userToken: string): Promise<VerifiedToken | null> {
    try {
      return await this.#verifier.verify(userToken)
    } catch (failure) {
      if (failure instanceof PlatformError && failure.code === 'TOKEN_ISSUER') return null
      throw new PlatformError('USER_TOKEN_INVALID', {}, { cause: failure })
    }
  }
}

/** The token behind `Bearer `, whatever the case of the scheme; a bare token stays as it is. */
export function bearer(value: string): string {
  return /^bearer +/i.test(value) ? value.slice(value.indexOf(' ')).trim() : value.trim()
}

/**
 * The token of `Proxy-Authorization`: `Bearer <token>`, or Basic with the token as user and an empty password
 * (guide L12432).
 */
export function proxyToken(value: string): string {
  if (value === '') throw new PlatformError('PROXY_AUTHORIZATION_MISSING')
  const space = value.indexOf(' ')
  const scheme = value.slice(0, space < 0 ? value.length : space).toLowerCase()
  const rest = space < 0 ? '' : value.slice(space + 1).trim()
  if (scheme === 'bearer' && rest !== '') return rest
  if (scheme === 'basic') {
    const text = Buffer.from(rest, 'base64').toString('latin1')
    const colon = text.indexOf(':')
    if (colon > 0 && colon === text.length - 1) return text.slice(0, colon)
  }
  throw new PlatformError('PROXY_AUTHORIZATION_MALFORMED')
}
