import type { TokenService } from './service.ts'
import { namedTenant } from './tenant-of-request.ts'
import { supportedGrantTypes } from './token-endpoint.ts'
import type { WebAnswer, WebRequest } from './web.ts'

/** `GET /token_keys`, `GET /oauth2/certs`: the key set. All tenants share it; 400 says that the tenant does not exist. */
export async function tokenKeys(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  await namedTenant(service, request)
  return { status: 200, headers: { 'cache-control': 'public, max-age=60' }, body: await service.ring.jwks() }
}

/** `GET /.well-known/openid-configuration`. All addresses are on the host that was asked. */
export async function discovery(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const tenant = await namedTenant(service, request)
  const { domain, config } = service
  const base = tenant === undefined ? `https://${domain.name}` : domain.urlOf(tenant.subdomain)
  return {
    status: 200,
    body: {
      issuer: `${base}/oauth/token`,
      authorization_endpoint: `${base}/oauth/authorize`,
      token_endpoint: `${base}/oauth/token`,
      userinfo_endpoint: `${base}/userinfo`,
      jwks_uri: `${base}/token_keys`,
      end_session_endpoint: `${base}/logout.do`,
      grant_types_supported: supportedGrantTypes,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      scopes_supported: ['openid', 'uaa.user', 'user_attributes', 'uaa.resource'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'tls_client_auth'],
      id_token_signing_alg_values_supported: [config.signingAlgorithm],
      code_challenge_methods_supported: ['S256'],
      tls_client_certificate_bound_access_tokens: true,
    },
  }
}
