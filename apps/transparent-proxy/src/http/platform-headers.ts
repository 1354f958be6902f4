import { PlatformError } from '@landbridge/kernel'
import { pairsOf, type RawHeaders } from './raw-headers.ts'

/** What callers say to the transparent proxy and not to the target. Names count in any case. */
const names = [
  'x-destination-name',
  'x-destination-level',
  'x-fragment-name',
  'x-fragment-level',
  'x-fragment-optional',
  'x-tenant-subdomain',
  'x-tenant-id',
  'x-token-service-tenant',
  'x-client-assertion',
  'x-client-assertion-type',
  'x-client-assertion-destination-name',
  'x-subject-token-type',
  'x-actor-token',
  'x-actor-token-type',
  'x-redirect-uri',
  'x-code-verifier',
  'x-chain-name',
  'sap-connectivity-scc-location_id',
] as const
const known: ReadonlySet<string> = new Set(names)
const chainVariable = 'x-chain-var-'

export type PlatformHeader = (typeof names)[number]

export interface PlatformHeaders {
  /** Undefined when it is absent or empty. */
  get(name: PlatformHeader): string | undefined
  /** By name as the caller wrote it. */
  readonly chainVariables: ReadonlyMap<string, string>
  /** The value of the only `Authorization` header. */
  readonly authorization: string | undefined
}

/**
 * True for what must not reach a target: the headers for the transparent proxy, those for services of the platform, and
 * those with which only the transparent proxy itself speaks to a connectivity proxy.
 */
export function isForPlatform(lowerCaseName: string): boolean {
  return (
    known.has(lowerCaseName) ||
    lowerCaseName.startsWith(chainVariable) ||
    lowerCaseName.startsWith('sap-connectivity-') ||
    lowerCaseName === 'x-user-token'
  )
}

/** @throws PlatformError TRANSPARENT_PROXY_REQUEST_REFUSED for a header that comes twice */
export function readPlatformHeaders(raw: RawHeaders): PlatformHeaders {
  const values = new Map<string, string>()
  const chainVariables = new Map<string, string>()
  const twice = new Set<string>()
  for (const [name, value] of pairsOf(raw)) {
    const lower = name.toLowerCase()
    const isVariable = lower.startsWith(chainVariable) && lower.length > chainVariable.length
    if (!known.has(lower) && !isVariable && lower !== 'authorization') continue
    if (values.has(lower)) twice.add(lower)
    values.set(lower, value.trim())
    if (isVariable && value.trim() !== '') chainVariables.set(name.slice(chainVariable.length), value.trim())
  }
  if (twice.size > 0)
    throw new PlatformError('TRANSPARENT_PROXY_REQUEST_REFUSED', {
      reason: `The following headers: [${[...twice].join(', ')}] should be passed only once. Check your request parameters.`,
    })
  return {
    get: (name) => values.get(name) || undefined,
    chainVariables,
    authorization: values.get('authorization') || undefined,
  }
}
