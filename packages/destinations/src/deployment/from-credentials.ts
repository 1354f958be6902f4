import { PlatformError } from '@landbridge/kernel'
import type { Properties } from '../properties.ts'

/** The `credentials` object of a binding or service key. */
export type ServiceCredentials = Readonly<Record<string, unknown>>

/** Properties that a service key gives to a destination, and the key store that they refer to. */
export interface DerivedProperties {
  readonly properties: Properties
  readonly certificate?: { readonly Name: string; readonly Content: string }
}

export interface DerivationRequest {
  readonly name: string
  readonly credentials: ServiceCredentials
  /** Private key (PEM) for an X.509 key that has the certificate only. */
  readonly privateKey?: string | undefined
}

/** Where the service of a key is: `uri`, else the first of `endpoints`, else `url` where that is not the token service. */
export function serviceUrl({ credentials, name }: DerivationRequest): Properties {
  const { uri, endpoints, url, uaa } = credentials
  const first = typeof endpoints === 'object' && endpoints !== null ? Object.values(endpoints)[0] : endpoints
  const found = [uri, first, uaa === undefined ? undefined : url].find((value) => typeof value === 'string')
  if (found === undefined) throw unusable(name, 'the service key has no address of a service: give URL')
  return { URL: String(found) }
}

/**
 * Client and token service of a key, from its `uaa` where it has one.
 * @throws PlatformError DESTINATION_INIT_DATA_FAILED when something is missing
 */
export function tokenServiceProperties(request: DerivationRequest): DerivedProperties {
  const { name } = request
  const { uaa } = request.credentials
  const source: ServiceCredentials =
    typeof uaa === 'object' && uaa !== null ? (uaa as ServiceCredentials) : request.credentials
  const text = (key: string) => (typeof source[key] === 'string' ? (source[key] as string) : undefined)
  const clientId = text('clientid')
  const base = text('url') ?? text('token_service_url')
  if (clientId === undefined || base === undefined)
    throw unusable(name, 'the service key has no clientid or no url of a token service')
  const endpoint = (url: string) => `${url.replace(/\/$/, '')}/oauth/token`
  const shared = { clientId, tokenServiceURLType: 'Dedicated' }
  const certificate = text('certificate')
  if (certificate === undefined) {
    const clientSecret = text('clientsecret')
    if (clientSecret === undefined) throw unusable(name, 'the service key has neither clientsecret nor certificate')
    return { properties: { ...shared, clientSecret, tokenServiceURL: endpoint(base) } }
  }
  const key = request.privateKey ?? text('key')
  if (key === undefined)
    throw unusable(name, 'the service key has a certificate without its private key: give PrivateKey')
  const store = `${name}-service-key.pem`
  return {
    properties: {
      ...shared,
      tokenServiceURL: endpoint(text('certurl') ?? base),
      'tokenService.KeyStoreLocation': store,
    },
    certificate: { Name: store, Content: Buffer.from(`${key.trim()}\n${certificate.trim()}\n`).toString('base64') },
  }
}

export function unusable(name: string, problem: string): PlatformError {
  return new PlatformError('DESTINATION_INIT_DATA_FAILED', { problems: [`${name}: ${problem}`] })
}
