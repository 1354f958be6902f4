import {
  answerFind,
  type Chain,
  type DestinationStore,
  type FindHeaders,
  type FindResult,
  type FragmentStore,
  locateDestination,
  locateFragments,
  type StoredDestination,
  type TokenSource,
  withFragments,
} from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { answeredByCondition } from '../conditional.ts'
import { destinationFound } from './documentation.ts'
import { type CheckedHeaders, checkedHeaders } from './find-headers.ts'
import { type ByName, callerOf, queryOf } from './level-routes.ts'

export interface FindRouteOptions {
  readonly store: DestinationStore
  readonly fragments: FragmentStore
  readonly tokens: TokenSource
}

/** `GET /v1/destinations/{name}`: find a destination on the nearest level and get its tokens. */
export function findRoute(api: FastifyInstance, options: FindRouteOptions): void {
  api.get<ByName>('/destinations/:name', destinationFound, async (request, reply) => {
    const headers = checkedHeaders(request)
    const plain = await locateDestination(options.store, callerOf(request).scope, request.params.name)
    const fragments = await locateFragments(options.fragments, fragmentWish(headers), (name) => ({
      level: plain.level,
      name,
    }))
    const chain = await locateChain(headers, options.fragments, async (name) => {
      const provider = await locateDestination(options.store, callerOf(request).scope, name)
      return { provider, fragment: (reference: string) => ({ level: provider.level, name: reference }) }
    })
    const destination = withFragments(plain, fragments)
    return (await answerFound(request, reply, options, destination, headers, chain))?.body ?? reply
  })
}

/** The chain with its first destination. @throws PlatformError when destination or fragment are not there */
export async function locateChain(
  { chain }: CheckedHeaders,
  fragments: FragmentStore,
  locate: (name: string) => Promise<{
    readonly provider: StoredDestination
    readonly fragment: Parameters<typeof locateFragments>[2]
  }>,
): Promise<Chain | undefined> {
  if (chain === undefined) return undefined
  const { provider, fragment } = await locate(chain.providerName)
  const found = await locateFragments(fragments, chain.fragments, fragment)
  return { provider: withFragments(provider, found), headers: chain.headers }
}

export function fragmentWish(headers: FindHeaders) {
  return { names: headers.fragmentName ?? '', optional: headers.fragmentOptional === true }
}

/** The answer to a find operation; undefined when a condition of the request ended it. */
export async function answerFound(
  request: FastifyRequest,
  reply: FastifyReply,
  { tokens }: FindRouteOptions,
  destination: StoredDestination,
  headers: FindHeaders,
  chain: Chain | undefined,
): Promise<FindResult | undefined> {
  const skipTokenRetrieval = queryFlag(request, '$skipTokenRetrieval')
  const skipCredentials = queryFlag(request, '$skipCredentials')
  if (answeredByCondition(request, reply, destination.etag)) return undefined
  return answerFind(destination, tokens, callerOf(request).token, {
    headers,
    ...(chain === undefined ? {} : { chain }),
    skipTokenRetrieval,
    skipCredentials,
  })
}
/** @throws PlatformError DESTINATION_QUERY_INVALID unless the parameter is absent, `true` or `false`. */
function queryFlag(request: FastifyRequest, parameter: string): boolean {
  const value = queryOf(request)[parameter]
  const text = typeof value === 'string' ? value.toLowerCase() : value
  if (text === undefined || text === 'false') return false
  if (text === 'true') return true
  throw new PlatformError('DESTINATION_QUERY_INVALID', { parameter, reason: 'must be true or false' })
}
