import type { Dispatcher } from 'undici'
import { type Bindings, textCredential } from '../binding/find-bindings.ts'
import { askJson } from './ask.ts'
import type { UserLogin } from './user-login.ts'

type Grant =
  | { readonly kind: 'technical' }
  | { readonly kind: 'password'; readonly user: UserLogin }
  | { readonly kind: 'exchange'; readonly userToken: string }

/**
 * Gets a token for the client of a binding at its token service (guide L12347-12371).
 * @throws PlatformError CLI_BINDING_MISSING, CLI_UNREACHABLE, CLI_STEP_REFUSED
 */
export async function fetchToken(
  bindings: Bindings,
  service: string,
  grant: Grant,
  agent: Dispatcher,
  signal: AbortSignal,
): Promise<string> {
  const base = textCredential(bindings, service, 'url', 'token_service_url')
  const form = new URLSearchParams({
    client_id: textCredential(bindings, service, 'clientid'),
    client_secret: textCredential(bindings, service, 'clientsecret'),
    ...grantParameters(grant),
  })
  const answer = await askJson({
    step: `token for ${service}`,
    url: `${base.replace(/\/$/, '')}/oauth/token`,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
    field: 'access_token',
    agent,
    signal,
  })
  return String(answer.access_token)
}

/** A token of the user for a service: logged in with the application's client, then exchanged for another service. */
export async function fetchUserToken(
  bindings: Bindings,
  service: string,
  user: UserLogin,
  agent: Dispatcher,
  signal: AbortSignal,
): Promise<string> {
  const userToken = await fetchToken(bindings, 'xsuaa', { kind: 'password', user }, agent, signal)
  return service === 'xsuaa' ? userToken : fetchToken(bindings, service, { kind: 'exchange', userToken }, agent, signal)
}

function grantParameters(grant: Grant): Record<string, string> {
  switch (grant.kind) {
    case 'technical':
      return { grant_type: 'client_credentials' }
    case 'password':
      return { grant_type: 'password', username: grant.user.name, password: grant.user.password }
    case 'exchange':
      return {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: grant.userToken,
        token_format: 'jwt',
        response_type: 'token',
      }
    default:
      return grant satisfies never
  }
}
