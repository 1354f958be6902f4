import type { JsonWebKeySet } from '@landbridge/identity'
import type { Properties } from '../properties.ts'
import { type TlsSettings, trustsAll } from './tls-settings.ts'
import type { TokenEndpoint } from './token-endpoint.ts'
import { tokenFailure } from './token-failure.ts'
import { keySet } from './user-token.ts'

const limitMs = 10_000
const loopback = /^(?:localhost|127\.[\d.]+|\[::1\])$/

/**
 * Fetches the key set of a foreign issuer, within the same limits and the same policy as a token request. The trust
 * settings of the destination apply, its client certificate is kept back.
 * @throws PlatformError DESTINATION_TOKEN_FAILED
 */
export async function fetchKeySet(
  endpoint: TokenEndpoint,
  address: string,
  properties: Properties,
  tls: TlsSettings,
): Promise<JsonWebKeySet> {
  const url = URL.canParse(address) ? new URL(address) : undefined
  // Whoever can change the keys on their way can be any user.
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.test(url.hostname))
  if (url === undefined || !isSafe || url.username !== '' || url.password !== '')
    throw tokenFailure('x_user_token.jwks_uri must be an https URL without credentials')
  const { client: _kept, ...trust } = tls
  url.hash = ''
  const response = await endpoint.send({
    method: 'GET',
    url: url.href,
    headers: [['accept', 'application/json']],
    body: '',
    proxyType: 'Internet',
    subaccountId: '',
    locationId: '',
    connectTimeoutMs: limitMs,
    readTimeoutMs: limitMs,
    insecureTrustAll: trustsAll(properties),
    tls: trust,
  })
  if (response.status !== 200)
    throw tokenFailure(`the key set of x_user_token.jwks_uri was answered with status ${response.status}`)
  return keySet(response.body, 'jwks_uri')
}
