import { PlatformError } from '@landbridge/kernel'
import { authenticateClient } from './client-authentication.ts'
import { communicationUserToken } from './communication-user-token.ts'
import { authorizationCode } from './grants/authorization-code.ts'
import { clientCredentials } from './grants/client-credentials.ts'
import type { Grant } from './grants/grant.ts'
import { jwtBearer, jwtBearerType } from './grants/jwt-bearer.ts'
import { password } from './grants/password.ts'
import { refreshToken } from './grants/refresh-token.ts'
import { samlBearer, samlBearerType } from './grants/saml-bearer.ts'
import { userToken, userTokenType } from './grants/user-token.ts'
import { requiredParameter } from './parameters.ts'
import type { TokenService } from './service.ts'
import type { WebAnswer, WebRequest } from './web.ts'

const grants: ReadonlyMap<string, Grant> = new Map([
  ['client_credentials', clientCredentials],
  ['authorization_code', authorizationCode],
  ['refresh_token', refreshToken],
  ['password', password],
  [jwtBearerType, jwtBearer],
  [samlBearerType, samlBearer],
])

export const supportedGrantTypes: readonly string[] = [...grants.keys(), userTokenType]

/** `POST /oauth/token` (RFC 6749 section 3.2). Unknown parameters, `app_tid=` among them, are ignored. */
export async function tokenEndpoint(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const grantType = requiredParameter(request.form, 'grant_type')
  if (grantType === userTokenType) return { status: 200, body: await userToken(service, request) }
  const system = grantType === 'client_credentials' ? await communicationUserToken(service, request) : undefined
  if (system !== undefined) return { status: 200, body: system }
  return { status: 200, body: await answerGrant(service, request, grants) }
}

/** Carries out one of these grants for the client that authenticates itself, and returns the body of the answer. */
export async function answerGrant(
  service: TokenService,
  request: WebRequest,
  offered: ReadonlyMap<string, Grant>,
): Promise<object> {
  const grantType = requiredParameter(request.form, 'grant_type')
  const grant = offered.get(grantType)
  if (grant === undefined) throw unsupported(grantType)
  const by = await authenticateClient(service, request)
  const body = await grant(service, request, by)
  service.log.debug('token-service.token.issued', () => ({ grantType, clientId: by.client.clientId }))
  return body
}

/** `POST /oauth/token/alias/{alias}`: the address in the SAML metadata of a tenant. It takes assertions only. */
export async function samlTokenEndpoint(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const grantType = requiredParameter(request.form, 'grant_type')
  if (grantType !== samlBearerType) throw unsupported(grantType)
  return tokenEndpoint(service, request)
}

function unsupported(grantType: string): PlatformError {
  return new PlatformError('OAUTH_GRANT_UNSUPPORTED', { grantType: grantType.slice(0, 100) })
}
