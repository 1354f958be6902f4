import { extname } from 'node:path'
import type { Destination } from '@landbridge/client'
import { PlatformError } from '@landbridge/kernel'

/** How long the target may take (guide L34912 to L34936). */
export interface TargetTimeouts {
  /** Opening a connection; undefined when the destination does not say. */
  readonly connectMs?: number
  /** Longest wait for data. */
  readonly readMs: number
}

const storeTypes: ReadonlySet<string> = new Set(['.p12', '.pfx', '.pem', '.der', '.cer', '.crt'])

/** @throws PlatformError TRANSPARENT_PROXY_DESTINATION_INVALID for what the transparent proxy cannot serve by HTTP */
export function checkHttpDestination(destination: Destination): TargetTimeouts {
  const type = destination.getProperty('Type') ?? 'HTTP'
  if (type !== 'HTTP') throw invalid(destination, `its type is ${type}, not HTTP`)
  checkProxyType(destination)
  checkStores(destination)
  const connectMs = milliseconds(destination, 'URL.connectionTimeoutInSeconds', 300)
  const readMs = milliseconds(destination, 'URL.socketReadTimeoutInSeconds', 43_200)
  return { ...(connectMs === undefined ? {} : { connectMs }), readMs: readMs ?? 30_000 }
}

function checkProxyType(destination: Destination): void {
  const proxyType = destination.getProperty('ProxyType') ?? 'Internet'
  if (proxyType === 'Internet') return
  if (proxyType !== 'OnPremise') throw invalid(destination, `its proxy type is ${proxyType}, not Internet or OnPremise`)
  if (/^https:/i.test(destination.url ?? ''))
    throw invalid(
      destination,
      'an on-premise URL starts with http://: TLS to the system is configured in the Cloud Connector',
    )
}

function checkStores(destination: Destination): void {
  if (destination.getProperty('KeyStore.Source') === 'ClientProvided')
    throw invalid(destination, 'KeyStore.Source ClientProvided is not supported: upload the key store')
  for (const key of ['KeyStoreLocation', 'TrustStoreLocation']) {
    const name = destination.getProperty(key)
    if (name === undefined || name === '' || storeTypes.has(extname(name).toLowerCase())) continue
    throw invalid(destination, `${key} must name a file of type ${[...storeTypes].join(', ')}`)
  }
}

function milliseconds(destination: Destination, key: string, max: number): number | undefined {
  const text = destination.getProperty(key)
  if (text === undefined || text === '') return undefined
  const seconds = Number(text)
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= max) return seconds * 1_000
  throw invalid(destination, `${key} must be a number from 1 to ${max}`)
}

/** @param reason goes on after "destination x: "; no secret */
export function invalid({ name }: { readonly name: string }, reason: string): PlatformError {
  return new PlatformError('TRANSPARENT_PROXY_DESTINATION_INVALID', {
    reason: `Received invalid configuration from Destination Service, requested via destination '${name}': ${reason}.`,
  })
}
