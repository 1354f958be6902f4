import {
  type DestinationStore,
  type Level,
  readProperties,
  type StoredDestination,
  validateDestination,
} from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller } from '../caller.ts'
import { answeredByCondition } from '../conditional.ts'
import { answerBulk } from './bulk.ts'

/** Options that belong to lists; to ignore one would answer something else than was asked for. */
const listParameters = ['$filter', '$select', '$page', '$pageSize', '$pageCount', '$entityCount', '$includeMetadata']

type ByName = { Params: { name: string } }

/**
 * Reading and writing the destinations of one level: the same operations below `/v1/subaccountDestinations` and
 * `/v1/instanceDestinations`. No search on other levels, no tokens.
 */
export function destinationRoutes(
  api: FastifyInstance,
  path: string,
  store: DestinationStore,
  levelOf: (caller: Caller) => Level,
): void {
  const level = (request: FastifyRequest) => levelOf(request.getDecorator<Caller>('caller'))

  api.get(path, async (request) => {
    refuseListParameters(request)
    return (await store.list(level(request))).map((destination) => destination.properties)
  })

  api.get<ByName>(`${path}/:name`, async (request, reply) => {
    const destination = found(await store.find(level(request), request.params.name))
    return answeredByCondition(request, reply, destination.etag) ? reply : destination.properties
  })

  api.post(path, async (request, reply) => {
    const create = (body: unknown) => createDestination(store, level(request), body)
    if (Array.isArray(request.body)) return answerBulk(reply, 201, request.body, create)
    reply.header('etag', await create(request.body))
    return reply.code(201).send()
  })

  api.put(path, async (request, reply) => {
    const replace = (body: unknown) => replaceDestination(store, level(request), body)
    if (Array.isArray(request.body)) return answerBulk(reply, 200, request.body, replace)
    reply.header('etag', await replace(request.body))
    return { Count: 1 }
  })

  api.delete<ByName>(`${path}/:name`, async (request) => {
    const { name } = request.params
    const removal = await store.remove(level(request), name)
    if (removal === 'absent') throw new PlatformError('DESTINATION_NOT_FOUND')
    if (removal !== 'removed') throw new PlatformError('DESTINATION_IN_USE', { name, usedBy: removal.usedBy })
    return { Count: 1 }
  })

  api.delete(path, async (request) => {
    refuseListParameters(request)
    throw new PlatformError('DESTINATION_QUERY_INVALID', { parameter: '$filter', reason: 'is required' })
  })
}

async function createDestination(store: DestinationStore, level: Level, body: unknown): Promise<string> {
  const properties = readProperties(body)
  validateDestination(properties, true)
  return (await store.create(level, properties)).etag
}

async function replaceDestination(store: DestinationStore, level: Level, body: unknown): Promise<string> {
  const properties = readProperties(body)
  validateDestination(properties, false)
  return found(await store.replace(level, properties)).etag
}

function found(destination: StoredDestination | undefined): StoredDestination {
  if (destination === undefined) throw new PlatformError('DESTINATION_NOT_FOUND')
  return destination
}

function refuseListParameters(request: FastifyRequest): void {
  const query = request.query as Readonly<Record<string, unknown>> // fastify's parser gives an object
  const parameter = listParameters.find((name) => name in query)
  if (parameter !== undefined)
    throw new PlatformError('DESTINATION_QUERY_INVALID', { parameter, reason: 'is not supported yet' })
}
