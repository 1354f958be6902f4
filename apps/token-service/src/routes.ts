import type { createApi } from '@landbridge/http-api'
import { discovery, tokenKeys } from './key-endpoints.ts'
import { authorizeEndpoint } from './login/authorize-endpoint.ts'
import { loginEndpoint, loginForm } from './login/login-endpoint.ts'
import { logoutEndpoint } from './login/logout-endpoint.ts'
import { passcodeEndpoint } from './login/passcode-endpoint.ts'
import { samlMetadata } from './saml/service-provider.ts'
import type { TokenService } from './service.ts'
import { samlTokenEndpoint, tokenEndpoint } from './token-endpoint.ts'
import { userinfo } from './userinfo-endpoint.ts'
import { acceptForms, serve, type WebAnswer, type WebRequest } from './web.ts'

type ServiceEndpoint = (service: TokenService, request: WebRequest) => Promise<WebAnswer>

const routes: readonly (readonly ['GET' | 'POST', string, ServiceEndpoint])[] = [
  ['POST', '/oauth/token', tokenEndpoint],
  ['POST', '/oauth/token/alias/:alias', samlTokenEndpoint],
  ['GET', '/saml/metadata', samlMetadata],
  ['GET', '/oauth/authorize', authorizeEndpoint],
  ['GET', '/login', loginForm],
  ['POST', '/login', loginEndpoint],
  ['GET', '/passcode', passcodeEndpoint],
  ['GET', '/logout.do', logoutEndpoint],
  ['GET', '/userinfo', userinfo],
  ['GET', '/token_keys', tokenKeys],
  ['GET', '/.well-known/openid-configuration', discovery],
  ['GET', '/health', async () => ({ status: 200, body: { status: 'UP' } })],
]

/** All endpoints, at the root of every host. `service` is known once the port is. */
export function addRoutes(api: ReturnType<typeof createApi>, service: Promise<TokenService>): void {
  acceptForms(api)
  for (const [method, url, endpoint] of routes)
    serve(api, method, url, async (request) => endpoint(await service, request))
}
