import { type Properties, prefixed, present } from '../properties.ts'
import { type ClientAssertion, clientAuthentication } from './client-authentication.ts'
import { type TlsSettings, trustsAll } from './tls-settings.ts'
import type { TokenRequest } from './token-endpoint.ts'
import { tokenFailure } from './token-failure.ts'
import { tokenUrl } from './token-url.ts'

/** What an authentication type wants to ask the token service. */
export interface Grant {
  readonly properties: Properties
  /** Subdomain for `tokenServiceURLType=Common`. */
  readonly tenant: string
  /** Subaccount on whose behalf an on-premise token service is called. */
  readonly subaccountId: string
  readonly parameters: readonly (readonly [string, string])[]
  /** Replaces the client's own authentication, for requests that a user's token authorises. */
  readonly authorization?: string
  /** Send the configured `scope`. */
  readonly withScope: boolean
  /** The URL is used as it is, whatever `tokenServiceURLType` says. */
  readonly dedicated?: boolean
  /** The token service is on the Internet although the destination is on-premise. */
  readonly direct?: boolean
  readonly assertion?: ClientAssertion
  readonly tls?: TlsSettings
}

const defaultTimeoutSeconds = 10
/** Parameters that identify the grant: configuration must not turn one grant into another. */
const grantParameters: ReadonlySet<string> = new Set([
  'grant_type',
  'assertion',
  'code',
  'refresh_token',
  'subject_token',
  'actor_token',
])
/** Header fields that belong to the connection and not to the caller. */
const ownHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// A line break in a header value would begin a header of the attacker's choice.
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Builds the token request (guide L7459-7552).
 * @throws PlatformError DESTINATION_TOKEN_FAILED when the destination does not allow one.
 */
export function tokenRequest(grant: Grant): TokenRequest {
  const { properties } = grant
  const client =
    grant.authorization === undefined
      ? clientAuthentication(properties, grant.assertion)
      : { authorization: grant.authorization, parameters: [] }
  const body = new Map<string, string>(grant.parameters)
  const scope = grant.withScope ? present(properties, 'scope') : undefined
  if (scope !== undefined) body.set('scope', scope)
  // A grant that names its client itself does so on purpose.
  for (const [key, value] of client.parameters) if (!body.has(key)) body.set(key, value)
  for (const [key, value] of prefixed(properties, 'tokenService.body.'))
    if (!grantParameters.has(key) || !body.has(key)) body.set(key, value)
  const url = tokenUrl(grant.dedicated === true ? { ...properties, tokenServiceURLType: '' } : properties, grant.tenant)
  const proxyType = transport(grant)
  checkTransport(grant, url, proxyType)
  return {
    url,
    headers: headers(properties, client.authorization),
    body: new URLSearchParams([...body]).toString(),
    proxyType,
    subaccountId: grant.subaccountId,
    locationId: present(properties, 'CloudConnectorLocationId') ?? '',
    connectTimeoutMs: seconds(properties, 'tokenServiceURL.ConnectionTimeoutInSeconds', 60) * 1_000,
    readTimeoutMs: seconds(properties, 'tokenServiceURL.SocketReadTimeoutInSeconds', 600) * 1_000,
    insecureTrustAll: trustsAll(properties),
    ...(grant.tls === undefined ? {} : { tls: grant.tls }),
  }
}

function headers(properties: Properties, authorization: string | undefined): [string, string][] {
  const list: [string, string][] = [
    ['content-type', 'application/x-www-form-urlencoded'],
    ['accept', 'application/json'],
  ]
  if (authorization !== undefined) list.push(['authorization', authorization])
  for (const [key, value] of prefixed(properties, 'tokenServiceURL.headers.')) {
    const name = key.toLowerCase()
    if (!headerName.test(key) || !headerValue.test(value))
      throw tokenFailure(`the property tokenServiceURL.headers.${key.replace(/[^\w-]/g, '?')} is no valid header`)
    if (ownHeaders.has(name) || (name === 'authorization' && authorization !== undefined)) continue
    const at = list.findIndex(([existing]) => existing === name)
    list.splice(at < 0 ? list.length : at, at < 0 ? 0 : 1, [name, value])
  }
  return list
}

/** Values outside 0 to `max` count as absent (guide L7481-7495). */
function seconds(properties: Properties, key: string, max: number): number {
  const text = present(properties, key)
  if (text === undefined || !/^\d{1,4}$/.test(text)) return defaultTimeoutSeconds
  return Number(text) <= max ? Number(text) : defaultTimeoutSeconds
}

function transport({ properties, direct }: Grant): string {
  const own = present(properties, 'tokenServiceURL.ProxyType')
  return own ?? (direct === true ? 'Internet' : (present(properties, 'ProxyType') ?? 'Internet'))
}

/** What must not happen silently: a client certificate that nobody asks for, encryption that nobody provides. */
function checkTransport({ properties }: Grant, url: string, proxyType: string): void {
  const isMutual = present(properties, 'tokenService.KeyStoreLocation') !== undefined
  if (isMutual && proxyType === 'OnPremise')
    throw tokenFailure('mutual TLS (tokenService.KeyStoreLocation) needs the proxy type Internet')
  if (isMutual && !url.startsWith('https:'))
    throw tokenFailure('mutual TLS (tokenService.KeyStoreLocation) needs a tokenServiceURL with https')
  if (proxyType === 'OnPremise' && !url.startsWith('http:'))
    throw tokenFailure(
      'with the proxy type OnPremise, tokenServiceURL must begin with http: the Cloud Connector encrypts as it is configured',
    )
}
