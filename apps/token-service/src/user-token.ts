import { audienceOf, scopesOf, type TokenClaims } from '@landbridge/identity'
import { describeError, errorEntry, isPlatformError, PlatformError } from '@landbridge/kernel'
import type { TokenService } from './service.ts'
import type { TokenTarget } from './token-issuer.ts'
import { identityOfClaims, identityOfUser, type UserIdentity } from './user-identity.ts'

/** A user who was proven by a token, and the scopes of that token; undefined when they are not ours. */
export interface ProvenUser {
  readonly user: UserIdentity
  readonly scopes: readonly string[] | undefined
}

/**
 * Checks a user token that is to be exchanged: issued here for this tenant and holding `uaa.user`, issued by the
 * identity issuer for this tenant, or issued by an identity provider that is trusted in this tenant.
 * @throws PlatformError OAUTH_GRANT_INVALID
 */
export async function proveUser(
  service: TokenService,
  token: string,
  { client, tenant }: Pick<TokenTarget, 'client' | 'tenant'>,
): Promise<ProvenUser> {
  const { claims, tenantId, userName } = await service.verifier.verify(token).catch((thrown: unknown) => {
    if (!isPlatformError(thrown) || errorEntry(thrown.code).http >= 500) throw thrown
    throw refused(describeError(thrown), thrown)
  })
  const external = service.config.trustedIssuers.find(({ issuer }) => issuer === claims.iss)
  if (external !== undefined) {
    if (external.subaccountId !== tenant.id) throw refused('its issuer is not trusted in this tenant')
    if (external.audience !== undefined && !audienceOf(claims).includes(external.audience))
      throw refused('it is meant for somebody else')
    const user = identityOfClaims(claims, external.origin)
    if (user.id === '' || claims.sap_id_type === 'app') throw refused('it names no user')
    return { user, scopes: undefined }
  }
  if (tenantId !== tenant.id) throw refused('it belongs to another tenant')
  if (userName === '') throw refused('it names no user')
  if (service.identityDomain.subdomainOfIssuer(claims.iss ?? '') !== undefined) {
    // Among its own clients the identity issuer lets only those exchange a token that it was issued for.
    if (service.domain === service.identityDomain && !audienceOf(claims).includes(client.clientId))
      throw refused('it is meant for another application')
    return { user: await userOfIdentityToken(service, claims), scopes: undefined }
  }
  // The guide demands this scope for an exchange (guide L13779).
  if (!scopesOf(claims).includes('uaa.user')) throw refused('it lacks the scope uaa.user')
  return { user: await restoreLocality(service, identityOfClaims(claims)), scopes: scopesOf(claims) }
}

/** A user of our own directory stays one across an exchange, so that a refresh reads him again. */
async function restoreLocality(service: TokenService, user: UserIdentity): Promise<UserIdentity> {
  const known = user.id === '' ? undefined : await service.users.findUser(user.id)
  return known !== undefined && known.origin === user.origin ? { ...user, isLocal: true } : user
}

/** Identity tokens carry no role collections: those of a user of our own directory are read there. */
async function userOfIdentityToken(service: TokenService, claims: TokenClaims): Promise<UserIdentity> {
  const origin = typeof claims.origin === 'string' ? claims.origin : ''
  const asserted = identityOfClaims(claims, origin)
  const known = await service.users.findUser(asserted.id)
  return known !== undefined && known.origin === origin ? identityOfUser(known) : asserted
}

function refused(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('OAUTH_GRANT_INVALID', { reason }, cause === undefined ? {} : { cause })
}
