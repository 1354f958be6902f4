import {
  answerFind,
  checkFindHeaders,
  type DestinationStore,
  type FindHeaders,
  type FindResult,
  type FragmentStore,
  locateDestination,
  locateFragments,
  refuseChain,
  type StoredDestination,
  type TokenSource,
  withFragments,
} from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { answeredByCondition } from '../conditional.ts'
import { destinationFound } from './documentation.ts'
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
    return (await answerFound(request, reply, options, withFragments(plain, fragments), headers))?.body ?? reply
  })
}

/** Headers of the find operations. @throws PlatformError for combinations that the contract forbids */
export function checkedHeaders(request: FastifyRequest): FindHeaders {
  const headers = findHeaders(request)
  checkFindHeaders(headers)
  refuseChain(header(request, 'x-chain-name'))
  return headers
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
): Promise<FindResult | undefined> {
  const skipTokenRetrieval = queryFlag(request, '$skipTokenRetrieval')
  const skipCredentials = queryFlag(request, '$skipCredentials')
  if (answeredByCondition(request, reply, destination.etag)) return undefined
  return answerFind(destination, tokens, callerOf(request).token, { headers, skipTokenRetrieval, skipCredentials })
}
/** What the find operation reads besides the bearer token, by the name of the header. */
const headerNames = {
  userToken: 'x-user-token',
  tenant: 'x-tenant',
  fragmentName: 'x-fragment-name',
  clientAssertion: 'x-client-assertion',
  clientAssertionType: 'x-client-assertion-type',
  clientAssertionDestination: 'x-client-assertion-destination-name',
  refreshToken: 'x-refresh-token',
  code: 'x-code',
  redirectUri: 'x-redirect-uri',
  codeVerifier: 'x-code-verifier',
  subjectToken: 'x-subject-token',
  subjectTokenType: 'x-subject-token-type',
  actorToken: 'x-actor-token',
  actorTokenType: 'x-actor-token-type',
  samlAssertion: 'x-samlassertion',
} as const satisfies Partial<Record<keyof FindHeaders, string>>

function findHeaders(request: FastifyRequest): FindHeaders {
  const texts = Object.entries(headerNames).map(([key, name]) => [key, header(request, name)] as const)
  return {
    ...Object.fromEntries(texts.filter(([, text]) => text !== undefined)),
    fragmentOptional: header(request, 'x-fragment-optional')?.toLowerCase() === 'true',
  }
}

/** A header's text; an empty header counts as absent (guide L13794). */
function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  const text = (Array.isArray(value) ? value.join(',') : value)?.trim()
  return text === '' ? undefined : text
}

/** @throws PlatformError DESTINATION_QUERY_INVALID unless the parameter is absent, `true` or `false`. */
function queryFlag(request: FastifyRequest, parameter: string): boolean {
  const value = queryOf(request)[parameter]
  const text = typeof value === 'string' ? value.toLowerCase() : value
  if (text === undefined || text === 'false') return false
  if (text === 'true') return true
  throw new PlatformError('DESTINATION_QUERY_INVALID', { parameter, reason: 'must be true or false' })
}
