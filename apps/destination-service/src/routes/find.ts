import {
  answerFind,
  checkFindHeaders,
  type DestinationStore,
  type FindHeaders,
  locateDestination,
  type TokenSource,
} from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller } from '../caller.ts'
import { answeredByCondition } from '../conditional.ts'

/** `GET /v1/destinations/{name}`: find a destination and get its tokens. */
export function findRoute(api: FastifyInstance, store: DestinationStore, tokens: TokenSource): void {
  api.get<{ Params: { name: string } }>('/destinations/:name', async (request, reply) => {
    const caller = request.getDecorator<Caller>('caller')
    const headers = findHeaders(request)
    checkFindHeaders(headers)
    const destination = await locateDestination(store, caller.scope, request.params.name)
    if (answeredByCondition(request, reply, destination.etag)) return reply
    return answerFind(destination, tokens, caller.token, {
      headers,
      skipTokenRetrieval: queryFlag(request, '$skipTokenRetrieval'),
      skipCredentials: queryFlag(request, '$skipCredentials'),
    })
  })
}

function findHeaders(request: FastifyRequest): FindHeaders {
  const userToken = header(request, 'x-user-token')
  const tenant = header(request, 'x-tenant')
  const fragmentName = header(request, 'x-fragment-name')
  const samlAssertion = header(request, 'x-samlassertion')
  const clientAssertion =
    header(request, 'x-client-assertion') ??
    header(request, 'x-client-assertion-type') ??
    header(request, 'x-client-assertion-destination-name')
  return {
    ...(userToken === undefined ? {} : { userToken }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(clientAssertion === undefined ? {} : { clientAssertion }),
    ...(samlAssertion === undefined ? {} : { samlAssertion }),
    ...(fragmentName === undefined ? {} : { fragmentName }),
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
  const value = (request.query as Readonly<Record<string, unknown>>)[parameter] // fastify's parser gives an object
  const text = typeof value === 'string' ? value.toLowerCase() : value
  if (text === undefined || text === 'false') return false
  if (text === 'true') return true
  throw new PlatformError('DESTINATION_QUERY_INVALID', { parameter, reason: 'must be true or false' })
}
