import type { createApi } from '@landbridge/http-api'
import { PlatformError } from '@landbridge/kernel'
import { identityDiscovery, identityLogout, identityTokenEndpoint } from './identity/identity-endpoints.ts'
import { discovery, tokenKeys } from './key-endpoints.ts'
import { authorizeEndpoint } from './login/authorize-endpoint.ts'
import { loginEndpoint, loginForm } from './login/login-endpoint.ts'
import { logoutEndpoint } from './login/logout-endpoint.ts'
import { passcodeEndpoint } from './login/passcode-endpoint.ts'
import { samlMetadata } from './saml/service-provider.ts'
import type { Issuers, TokenService } from './service.ts'
import { samlTokenEndpoint, tokenEndpoint } from './token-endpoint.ts'
import { userinfo } from './userinfo-endpoint.ts'
import { acceptForms, serve, type WebAnswer, type WebRequest } from './web.ts'

type ServiceEndpoint = (service: TokenService, request: WebRequest) => Promise<WebAnswer>
type Route = readonly ['GET' | 'POST', string, Partial<Record<keyof Issuers, ServiceEndpoint>>]

const health: ServiceEndpoint = async () => ({ status: 200, body: { status: 'UP' } })

const routes: readonly Route[] = [
  ['POST', '/oauth/token', { uaa: tokenEndpoint }],
  ['POST', '/oauth/token/alias/:alias', { uaa: samlTokenEndpoint }],
  ['GET', '/saml/metadata', { uaa: samlMetadata }],
  ['GET', '/oauth/authorize', { uaa: authorizeEndpoint }],
  ['GET', '/login', { uaa: loginForm, identity: loginForm }],
  ['POST', '/login', { uaa: loginEndpoint, identity: loginEndpoint }],
  ['GET', '/passcode', { uaa: passcodeEndpoint }],
  ['GET', '/logout.do', { uaa: logoutEndpoint }],
  ['GET', '/userinfo', { uaa: userinfo }],
  ['GET', '/token_keys', { uaa: tokenKeys }],
  ['GET', '/.well-known/openid-configuration', { uaa: discovery, identity: identityDiscovery }],
  ['POST', '/oauth2/token', { identity: identityTokenEndpoint }],
  ['GET', '/oauth2/authorize', { identity: authorizeEndpoint }],
  ['GET', '/oauth2/logout', { identity: identityLogout }],
  ['GET', '/oauth2/certs', { identity: tokenKeys }],
  ['GET', '/health', { uaa: health, identity: health }],
]

/** All endpoints, at the root of every host that has them. The issuers are known once the port is. */
export function addRoutes(api: ReturnType<typeof createApi>, issuers: Promise<Issuers>): void {
  acceptForms(api)
  for (const [method, url, endpoints] of routes)
    serve(api, method, url, async (request) => {
      const { uaa, identity } = await issuers
      const isIdentity = identity.domain.subdomainOf(request.host) !== undefined
      const endpoint = isIdentity ? endpoints.identity : endpoints.uaa
      if (endpoint === undefined) throw new PlatformError('NOT_FOUND', { method, path: url })
      return endpoint(isIdentity ? identity : uaa, request)
    })
}
