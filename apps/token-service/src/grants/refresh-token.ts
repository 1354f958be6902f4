import { PlatformError } from '@landbridge/kernel'
import { requiredParameter } from '../parameters.ts'
import type { TokenService } from '../service.ts'
import { tenantOfGrant } from '../tenant-of-request.ts'
import type { RefreshGrant } from '../token-issuer.ts'
import { identityOfUser, type UserIdentity } from '../user-identity.ts'
import { type Grant, requestedScopes, targetOf } from './grant.ts'

/**
 * RFC 6749 section 6. The answer holds a refresh token again. A user of our directory is read anew: one who was removed
 * gets nothing, changed roles take effect.
 */
export const refreshToken: Grant = async (service, request, by) => {
  const token = requiredParameter(request.form, 'refresh_token')
  const grant = await service.sealed.open<RefreshGrant>('refresh-token', token)
  if (grant === undefined) throw refused('the refresh token is not valid or has expired')
  if (grant.clientId !== by.client.clientId) throw refused('the refresh token was issued to another client')
  const tenant = await tenantOfGrant(service, grant.tenantId, by.client)
  const target = await targetOf(service, request, by)
  const requested = requestedScopes(request)
  return service.issuer.forUser(
    { ...target, tenant },
    {
      user: await currentUser(service, grant.user),
      grantType: 'refresh_token',
      requestedScopes: requested,
      generalScopes: grant.scopes,
      withRefreshToken: true,
    },
  )
}

async function currentUser(service: TokenService, user: UserIdentity): Promise<UserIdentity> {
  if (!user.isLocal) return user
  const known = await service.users.findUser(user.id)
  if (known === undefined) throw refused('the user is gone')
  return identityOfUser(known)
}

function refused(reason: string): PlatformError {
  return new PlatformError('OAUTH_GRANT_INVALID', { reason })
}
