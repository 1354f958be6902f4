import { PlatformError } from '@landbridge/kernel'
import { authorizationCode } from '../grants/authorization-code.ts'
import { clientCredentials } from '../grants/client-credentials.ts'
import type { Grant } from '../grants/grant.ts'
import { jwtBearer, jwtBearerType } from '../grants/jwt-bearer.ts'
import { password } from '../grants/password.ts'
import { refreshToken } from '../grants/refresh-token.ts'
import { logOff } from '../login/logout-endpoint.ts'
import { parameter } from '../parameters.ts'
import type { TokenService } from '../service.ts'
import { namedTenant } from '../tenant-of-request.ts'
import { answerGrant } from '../token-endpoint.ts'
import type { WebAnswer, WebRequest } from '../web.ts'

const grants: ReadonlyMap<string, Grant> = new Map([
  ['client_credentials', clientCredentials],
  ['authorization_code', authorizationCode],
  ['refresh_token', refreshToken],
  ['password', password],
  [jwtBearerType, jwtBearer],
])

/** How clients of an identity service name a tenant beside the host: `app_tid`, which approuters may send empty. */
export function applicationTenantOf(request: WebRequest): string {
  return parameter(request.form, 'app_tid')
}

/** `POST /oauth2/token`. Of `refresh_expiry` only 0 counts: no refresh token. `token_format` changes nothing. */
export async function identityTokenEndpoint(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const withoutRefreshToken = parameter(request.form, 'refresh_expiry') === '0'
  const body = await answerGrant(service, request, grants)
  return { status: 200, body: withoutRefreshToken ? { ...body, refresh_token: undefined } : body }
}

/** `GET /.well-known/openid-configuration` of a tenant. @throws PlatformError OAUTH_TENANT_UNKNOWN */
export async function identityDiscovery(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const tenant = await namedTenant(service, request)
  if (tenant === undefined) throw new PlatformError('OAUTH_TENANT_UNKNOWN')
  const { domain, config } = service
  const base = domain.urlOf(tenant.subdomain)
  return {
    status: 200,
    body: {
      issuer: domain.issuerOf(tenant.subdomain),
      authorization_endpoint: `${base}${service.authorizePath}`,
      token_endpoint: `${base}/oauth2/token`,
      jwks_uri: `${base}/oauth2/certs`,
      end_session_endpoint: `${base}/oauth2/logout`,
      grant_types_supported: [...grants.keys()],
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      scopes_supported: ['openid', 'email', 'profile'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'tls_client_auth'],
      id_token_signing_alg_values_supported: [config.signingAlgorithm],
      code_challenge_methods_supported: ['S256'],
      tls_client_certificate_bound_access_tokens: true,
    },
  }
}

/**
 * `GET /oauth2/logout` (OpenID Connect RP-Initiated Logout 1.0): the client is `client_id`, else that of the hint, whose
 * signature does not matter: it only chooses the list of addresses that one may be sent to.
 */
export async function identityLogout(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const { query } = request
  const clientId = parameter(query, 'client_id') || clientOfHint(parameter(query, 'id_token_hint'))
  const redirect = parameter(query, 'post_logout_redirect_uri')
  const state = parameter(query, 'state')
  const answer = await logOff(service, clientId, redirect)
  if (answer.status !== 302 || state === '') return answer
  const joint = redirect.includes('?') ? '&' : '?'
  return {
    ...answer,
    headers: { ...answer.headers, location: `${redirect}${joint}${new URLSearchParams({ state })}` },
  }
}

function clientOfHint(hint: string): string {
  try {
    const claims: unknown = JSON.parse(Buffer.from(hint.split('.')[1] ?? '', 'base64url').toString('utf8'))
    const isObject = typeof claims === 'object' && claims !== null
    return isObject && 'azp' in claims && typeof claims.azp === 'string' ? claims.azp : ''
  } catch {
    return ''
  }
}
