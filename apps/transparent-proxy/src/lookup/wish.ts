import type { FindOptions } from '@landbridge/client'
import { type Entry, isGateway, type Level, levels } from '../entries/entry.ts'
import type { PlatformHeader, PlatformHeaders } from '../http/platform-headers.ts'
import { refused } from './refused.ts'
import { type TenantRules, tenantOf } from './tenant.ts'

/** What a request asks of the destination service. */
export interface Wish {
  readonly entry: Entry
  readonly destinationName: string
  readonly fragmentName?: string
  /** Which configuration is meant. */
  readonly find: FindOptions
  /** What only counts when tokens are fetched. */
  readonly tokenHeaders: Readonly<Record<string, string>>
  readonly hasChain: boolean
  readonly hasSubjectToken: boolean
  /** The caller chose the tenant. */
  readonly namesTenant: boolean
  readonly headers: PlatformHeaders
}

/** Headers that name a destination: only a gateway takes them. */
const gatewayOnly: readonly PlatformHeader[] = [
  'x-destination-name',
  'x-fragment-optional',
  'x-fragment-name',
  'x-destination-level',
  'x-fragment-level',
]

/** Checks what a request says and what its entry says. @throws PlatformError TRANSPARENT_PROXY_REQUEST_REFUSED */
export function readWish(entry: Entry, headers: PlatformHeaders, tenants: TenantRules): Wish {
  const named = isGateway(entry) ? namedByHeaders(headers) : namedByEntry(entry, headers)
  const { fragmentName, fragmentLevel, fragmentOptional, destinationLevel, destinationName } = named
  const fragments = fragmentName?.split(',').map((name) => (fragmentLevel ? `${name}@${fragmentLevel}` : name))
  const tokenServiceTenant = headers.get('x-token-service-tenant')
  return {
    entry,
    destinationName,
    ...(fragmentName === undefined ? {} : { fragmentName }),
    find: {
      ...tenantOf(headers, tenants),
      ...(fragments === undefined ? {} : { fragments }),
      ...(fragmentOptional === true ? { isFragmentOptional: true } : {}),
      // Levels are a matter of version 2 (guide: "Referring Resources Using the Consume REST API").
      ...(destinationLevel === undefined && fragmentLevel === undefined ? {} : { version: 'v2' as const }),
      ...(destinationLevel === undefined ? {} : { level: destinationLevel }),
      ...(tokenServiceTenant === undefined ? {} : { tokenServiceTenant }),
    },
    ...chainOf(entry, headers),
    namesTenant: tenants.mode === 'shared',
    headers,
  }
}

interface Named {
  readonly destinationName: string
  readonly destinationLevel: Level | undefined
  readonly fragmentName: string | undefined
  readonly fragmentLevel: Level | undefined
  readonly fragmentOptional: boolean | undefined
}

function namedByEntry({ destinationRef, fragmentRef }: Entry, headers: PlatformHeaders): Named {
  const given = gatewayOnly.find((name) => headers.get(name) !== undefined)
  if (given !== undefined)
    throw refused(
      `The requested endpoint is bound to a concrete destination, statically declared in the respective Destination CR. '${given}' header is not supported for this endpoint. Contact the Transparent Proxy Administrator.`,
    )
  return {
    destinationName: destinationRef.name,
    destinationLevel: destinationRef.level,
    fragmentName: fragmentRef?.name,
    fragmentLevel: fragmentRef?.level,
    fragmentOptional: fragmentRef?.optional,
  }
}

function namedByHeaders(headers: PlatformHeaders): Named {
  const destinationName = headers.get('x-destination-name')
  if (destinationName === undefined)
    throw refused(
      "'x-destination-name' header is missing but required for an endpoint exposing multiple destinations via the same Destination CR.",
    )
  checkName('destination', destinationName, /^[\w.-]+$/)
  const fragmentName = headers.get('x-fragment-name')
  if (fragmentName !== undefined) checkName('fragment', fragmentName, /^[\w.-]+(,[\w.-]+)*$/)
  if (fragmentName === undefined && headers.get('x-fragment-level') !== undefined)
    throw refused("'x-fragment-level' header is not supported when 'x-fragment-name' header is not provided.")
  const optional = headers.get('x-fragment-optional')?.toLowerCase()
  if (optional !== undefined && optional !== 'true' && optional !== 'false')
    throw refused('The value of the header \'x-fragment-optional\' should be "true" or "false".')
  return {
    destinationName,
    destinationLevel: levelOf('Destination', headers.get('x-destination-level')),
    fragmentName,
    fragmentLevel: levelOf('Fragment', headers.get('x-fragment-level')),
    fragmentOptional: optional === 'true',
  }
}

function checkName(kind: 'destination' | 'fragment', name: string, pattern: RegExp): void {
  if (name.length > 200)
    throw refused(`The value of the header 'x-${kind}-name' exceeds the maximum allowed length of 200`)
  if (!pattern.test(name))
    throw refused(
      `The value of the header 'x-${kind}-name' contains characters that are not allowed. Check the ${kind} name restrictions in the Destination service documentation.`,
    )
}

function levelOf(what: string, text: string | undefined): Level | undefined {
  const level = levels.find((known) => known === text)
  if (text !== undefined && level === undefined)
    throw refused(`${what} level is invalid in the request. It should be one of the following: ${levels.join(', ')}.`)
  return level
}

/** Chain and client assertion; single headers of a request win over the entry. */
function chainOf(
  { chainRef }: Entry,
  headers: PlatformHeaders,
): Pick<Wish, 'tokenHeaders' | 'hasChain' | 'hasSubjectToken'> {
  const chainName = headers.get('x-chain-name') ?? chainRef?.name
  const variables = new Map(chainRef?.variables.map(({ name, value }) => [name.toLowerCase(), [name, value]]))
  for (const [name, value] of headers.chainVariables) variables.set(name.toLowerCase(), [name, value])
  const assertion = ['x-client-assertion', 'x-client-assertion-type', 'x-client-assertion-destination-name'] as const
  return {
    tokenHeaders: {
      ...Object.fromEntries(assertion.flatMap((name) => (headers.get(name) ? [[name, headers.get(name)!]] : []))),
      ...(chainName === undefined ? {} : { 'X-Chain-Name': chainName }),
      ...Object.fromEntries([...variables.values()].map(([name, value]) => [`X-Chain-Var-${name}`, value!])),
    },
    hasChain: chainName !== undefined,
    hasSubjectToken: variables.has('subjecttoken'),
  }
}
