import { bearerToken } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import { parameter, requiredParameter } from '../parameters.ts'
import type { TokenService } from '../service.ts'
import { tenantFor } from '../tenant-of-request.ts'
import { proveUser } from '../user-token.ts'
import type { WebRequest } from '../web.ts'

export const userTokenType = 'user_token'

/**
 * The deprecated grant `user_token` of UAA: whoever holds a user token gets a refresh token that only the client named
 * in `client_id` can redeem. The caller is not authenticated otherwise, so it never gets an access token here.
 */
export async function userToken(service: TokenService, request: WebRequest): Promise<object> {
  const client = await service.clients.findClient(requiredParameter(request.form, 'client_id'))
  if (client === undefined) throw new PlatformError('OAUTH_CLIENT_INVALID')
  const token = bearerToken(request.header('authorization')) || parameter(request.form, 'assertion')
  if (token === '') throw new PlatformError('OAUTH_REQUEST_INVALID', { reason: 'there is no user token' })
  const tenant = await tenantFor(service, request, client)
  const { user, scopes } = await proveUser(service, token, { client, tenant })
  const refresh = await service.issuer.refreshToken({ client, tenant }, user, scopes ?? ['openid', 'uaa.user'])
  return {
    access_token: null,
    token_type: 'bearer',
    expires_in: service.config.refreshTokenSeconds,
    refresh_token: refresh,
  }
}
