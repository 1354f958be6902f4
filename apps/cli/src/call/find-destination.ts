import { Destination, tlsOptionsOf } from '@landbridge/client'
import { PlatformError } from '@landbridge/kernel'
import type { Dispatcher } from 'undici'
import { type Bindings, textCredential } from '../binding/find-bindings.ts'
import { askJson } from './ask.ts'

/** What a caller needs of a destination. */
export interface FoundDestination {
  readonly name: string
  readonly url: URL
  readonly isOnPremise: boolean
  readonly authentication: string
  /** Empty for the connector without a location ID. */
  readonly locationId: string
  /** Headers that the destination prescribes, the ones that authenticate included. */
  readonly headers: Readonly<Record<string, string>>
  /** Client certificate and trust that it prescribes for its target; empty where it prescribes none. */
  readonly tls: ReturnType<typeof tlsOptionsOf>
}

/**
 * Finds a destination by name with everything needed to call it (guide L13192-13240). An empty user token counts as
 * none (L13794-13798).
 * @throws PlatformError CLI_STEP_REFUSED, CLI_UNREACHABLE, CLI_DESTINATION_UNUSABLE, CLIENT_KEY_STORE_UNUSABLE
 */
export async function findDestination(
  bindings: Bindings,
  name: string,
  token: string,
  userToken: string,
  agent: Dispatcher,
  signal: AbortSignal,
): Promise<FoundDestination> {
  const base = textCredential(bindings, 'destination', 'uri').replace(/\/$/, '')
  const answer = await askJson({
    step: 'find destination',
    url: `${base}/destination-configuration/v1/destinations/${encodeURIComponent(name)}`,
    method: 'GET',
    headers: { authorization: `Bearer ${token}`, ...(userToken === '' ? {} : { 'x-user-token': userToken }) },
    field: 'destinationConfiguration',
    agent,
    signal,
  })
  return readDestination(name, answer)
}

function readDestination(name: string, answer: Readonly<Record<string, unknown>>): FoundDestination {
  const unusable = (reason: string): PlatformError =>
    new PlatformError('CLI_DESTINATION_UNUSABLE', { destination: name, reason })
  const properties = answer.destinationConfiguration as Readonly<Record<string, string | undefined>>
  const address = properties.URL ?? ''
  if (properties.Type !== undefined && properties.Type !== 'HTTP')
    throw unusable(`its type is ${properties.Type}; only HTTP destinations can be called`)
  if (!URL.canParse(address)) throw unusable(`its URL is ${address === '' ? 'empty' : `not valid: ${address}`}`)
  const url = new URL(address)
  const headers: Record<string, string> = {}
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined) continue
    if (key.startsWith('URL.headers.')) headers[key.slice('URL.headers.'.length).toLowerCase()] = value
    if (key.startsWith('URL.queries.')) url.searchParams.append(key.slice('URL.queries.'.length), value)
  }
  for (const token of authTokens(answer)) {
    if (token.error !== undefined && token.error !== '') throw unusable(`no token: ${token.error}`)
    if (token.http_header?.key !== undefined)
      headers[token.http_header.key.toLowerCase()] = token.http_header.value ?? ''
  }
  const authentication = properties.Authentication ?? 'NoAuthentication'
  if (authentication === 'BasicAuthentication' && headers.authorization === undefined)
    headers.authorization = `Basic ${Buffer.from(`${properties.User ?? ''}:${properties.Password ?? ''}`).toString('base64')}`
  return {
    name,
    url,
    isOnPremise: properties.ProxyType === 'OnPremise',
    authentication,
    locationId: properties.CloudConnectorLocationId ?? '',
    headers,
    tls: tlsOf(name, properties, answer),
  }
}

/** Key store and trust store come with the destination (guide L13336). */
function tlsOf(
  name: string,
  properties: Readonly<Record<string, string | undefined>>,
  { certificates }: Readonly<Record<string, unknown>>,
): FoundDestination['tls'] {
  const delivered = Array.isArray(certificates) ? (certificates as readonly DeliveredCertificate[]) : []
  const stored = delivered.map(({ Name = '', Type = '', Content = '' }) => ({
    name: Name,
    type: Type,
    content: Buffer.from(Content, 'base64'),
  }))
  const given = Object.entries(properties).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const found = { owner: {}, properties: Object.fromEntries(given), authTokens: [], certificates: stored }
  return tlsOptionsOf(new Destination(name, {}, found))
}

interface DeliveredCertificate {
  readonly Name?: string
  readonly Type?: string
  readonly Content?: string
}

interface AuthToken {
  readonly error?: string
  readonly http_header?: { readonly key?: string; readonly value?: string }
}

function authTokens(answer: Readonly<Record<string, unknown>>): readonly AuthToken[] {
  return Array.isArray(answer.authTokens) ? (answer.authTokens as AuthToken[]) : []
}
