import {
  type DestinationStore,
  deprecations,
  type Level,
  type Properties,
  readProperties,
  validateDestination,
} from '@landbridge/destinations'
import { type Clock, PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { answeredByCondition } from '../conditional.ts'
import { answerBulk } from './bulk.ts'
import * as documentation from './documentation.ts'
import { labelRoutes } from './labels.ts'
import { type ByName, found, type LevelOf } from './level-routes.ts'
import { answerList, deletionSummary, namesToDelete } from './list.ts'

const abilities = {
  filters: ['names', 'startswith', 'endswith', 'modifiedwithin', 'labels'],
  metadata: true,
} as const

/**
 * Reading and writing the destinations of one level: the same operations below `/v1/subaccountDestinations` and
 * `/v1/instanceDestinations`. No search on other levels, no tokens.
 */
export function destinationRoutes(
  api: FastifyInstance,
  path: string,
  store: DestinationStore,
  levelOf: LevelOf,
  clock: Clock,
): void {
  api.get(path, documentation.destinationsListed, (request, reply) =>
    answerList(request, reply, () => store.list(levelOf(request)), {
      path,
      abilities,
      nowMs: clock.now(),
      show: (destination) => destination.properties,
    }),
  )

  api.get<ByName>(`${path}/:name`, documentation.destinationShown, async (request, reply) => {
    const destination = found(await store.find(levelOf(request), request.params.name))
    return answeredByCondition(request, reply, destination.etag) ? reply : destination.properties
  })

  api.post(path, documentation.destinationsCreated, async (request, reply) => {
    const create = (body: unknown) => createDestination(store, levelOf(request), reply, body)
    if (Array.isArray(request.body)) return answerBulk(reply, 201, request.body, create)
    reply.header('etag', await create(request.body))
    return reply.code(201).send()
  })

  api.put(path, documentation.destinationsReplaced, async (request, reply) => {
    const replace = (body: unknown) => replaceDestination(store, levelOf(request), reply, body)
    if (Array.isArray(request.body)) return answerBulk(reply, 200, request.body, replace)
    reply.header('etag', await replace(request.body))
    return { Count: 1 }
  })

  api.delete<ByName>(`${path}/:name`, documentation.destinationDeleted, async (request) => {
    const { name } = request.params
    const removal = await store.remove(levelOf(request), name)
    if (removal === 'absent') throw new PlatformError('DESTINATION_NOT_FOUND')
    if (removal !== 'removed') throw new PlatformError('DESTINATION_IN_USE', { name, usedBy: removal.usedBy })
    return { Count: 1 }
  })

  api.delete(path, documentation.destinationsDeleted, async (request) => {
    const names = namesToDelete(request)
    const removed = await store.removeAll(levelOf(request), names)
    if ('needed' in removed) throw new PlatformError('DESTINATION_REMOVAL_REFUSED', { name: removed.needed })
    return deletionSummary(names, removed)
  })

  labelRoutes(api, path, store, levelOf)
}

async function createDestination(
  store: DestinationStore,
  level: Level,
  reply: FastifyReply,
  body: unknown,
): Promise<string> {
  const properties = readProperties(body)
  validateDestination(properties, true)
  warnOfDeprecations(reply, properties)
  return (await store.create(level, properties)).etag
}

async function replaceDestination(
  store: DestinationStore,
  level: Level,
  reply: FastifyReply,
  body: unknown,
): Promise<string> {
  const properties = readProperties(body)
  validateDestination(properties, false)
  warnOfDeprecations(reply, properties)
  return found(await store.replace(level, properties)).etag
}

/** A notice in a header (RFC 9111 section 5.5 keeps 299 for it): the bodies are those of the contract. */
function warnOfDeprecations(reply: FastifyReply, properties: Properties): void {
  const known = String(reply.getHeader('warning') ?? '')
  const notices = deprecations(properties).map((notice) => `299 - "${notice}"`)
  const added = notices.filter((notice) => !known.includes(notice))
  if (added.length > 0) reply.header('warning', [known, ...added].filter((text) => text !== '').join(', '))
}
