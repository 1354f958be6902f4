import { type OAuthClient, scopesOf, type Tenant } from '@landbridge/identity'
import { describeError, isPlatformError, PlatformError } from '@landbridge/kernel'
import { newCode } from '../grants/authorization-code.ts'
import { parameter, requiredParameter } from '../parameters.ts'
import { isRegisteredRedirect } from '../redirect-uri.ts'
import type { TokenService } from '../service.ts'
import { tenantFor } from '../tenant-of-request.ts'
import type { WebAnswer, WebRequest } from '../web.ts'
import { type LoginForm, loginPage, messagePage } from './page.ts'
import { newFormToken, sessionUser } from './session.ts'

/** A checked authorization request: the answer may go to `redirectUri`. */
export interface AuthorizationRequest {
  readonly client: OAuthClient
  readonly tenant: Tenant
  readonly redirectUri: string
}

/**
 * `GET /oauth/authorize`, `GET /oauth2/authorize` (RFC 6749 section 4.1.1): a code for a browser that is logged in, else the login form. Until
 * client and redirect address are known to belong together, mistakes are shown here and lead nowhere.
 */
export async function authorizeEndpoint(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const checked = await checkRequest(service, request).catch((thrown: unknown) => {
    if (!isPlatformError(thrown)) throw thrown
    return messagePage({ title: 'This login cannot start', text: describeError(thrown) }, 400)
  })
  if ('status' in checked) return checked
  const { query } = request
  const refusal = refusedParameter(query)
  if (refusal !== undefined) return redirect(checked, query, refusal)
  const user = await sessionUser(service, request, checked.tenant.id)
  if (user === undefined) {
    if (parameter(query, 'prompt') === 'none') return redirect(checked, query, { error: 'login_required' })
    return showLogin(service, checked.tenant, { query: query.toString(), userName: loginHint(query), problem: '' }, 200)
  }
  const code = await newCode(service, {
    clientId: checked.client.clientId,
    tenantId: checked.tenant.id,
    redirectUri: checked.redirectUri,
    user,
    scopes: scopesOf({ scope: parameter(query, 'scope') }),
    codeChallenge: parameter(query, 'code_challenge'),
    nonce: parameter(query, 'nonce'),
  })
  return redirect(checked, query, { code })
}

async function checkRequest(service: TokenService, request: WebRequest): Promise<AuthorizationRequest> {
  const client = await service.clients.findClient(requiredParameter(request.query, 'client_id'))
  if (client === undefined) throw new PlatformError('OAUTH_CLIENT_INVALID')
  const redirectUri = requiredParameter(request.query, 'redirect_uri')
  if (!isRegisteredRedirect(redirectUri, client.redirectUris)) throw new PlatformError('OAUTH_REDIRECT_INVALID')
  return { client, tenant: await tenantFor(service, request, client), redirectUri }
}

function refusedParameter(query: URLSearchParams): Readonly<Record<string, string>> | undefined {
  if (query.get('response_type') !== 'code') return { error: 'unsupported_response_type' }
  const method = query.get('code_challenge_method') ?? 'plain'
  if (query.has('code_challenge') && method !== 'S256')
    return { error: 'invalid_request', error_description: 'code_challenge_method must be S256' }
  return undefined
}

function redirect(
  checked: AuthorizationRequest,
  query: URLSearchParams,
  result: Readonly<Record<string, string>>,
): WebAnswer {
  const state = query.get('state')
  const added = new URLSearchParams(state === null ? result : { ...result, state })
  const joint = checked.redirectUri.includes('?') ? '&' : '?'
  return { status: 302, headers: { location: `${checked.redirectUri}${joint}${added}` }, body: '' }
}

/** A plain hint is a user name; a hint in JSON chooses an identity provider, of which there is one here. */
function loginHint(query: URLSearchParams): string {
  const hint = query.get('login_hint') ?? ''
  return hint.startsWith('{') ? '' : hint
}

/** Shows the form, bound to this browser. */
export async function showLogin(
  service: TokenService,
  tenant: Tenant,
  form: Pick<LoginForm, 'query' | 'next' | 'userName' | 'problem'>,
  status: number,
): Promise<WebAnswer> {
  const { token, cookie } = await newFormToken(service)
  return loginPage({ ...form, token, tenantName: tenant.subdomain }, status, cookie)
}
