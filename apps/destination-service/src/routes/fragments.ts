import { type FragmentStore, readFragment } from '@landbridge/destinations'
import type { Clock } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import * as documentation from './documentation.ts'
import { labelRoutes } from './labels.ts'
import { type ByName, found, type LevelOf } from './level-routes.ts'
import { answerList } from './list.ts'

// The published contract has plain lists only; client libraries filter and page fragments all the same.
const abilities = { filters: ['names', 'startswith', 'endswith', 'labels'], metadata: true } as const

/** `/v1/subaccountDestinationFragments` and `/v1/instanceDestinationFragments`. */
export function fragmentRoutes(
  api: FastifyInstance,
  path: string,
  store: FragmentStore,
  levelOf: LevelOf,
  clock: Clock,
): void {
  api.get(path, documentation.fragmentsListed, (request, reply) =>
    answerList(request, reply, () => store.list(levelOf(request)), {
      path,
      abilities,
      nowMs: clock.now(),
      show: (fragment) => fragment.properties,
    }),
  )

  api.get<ByName>(`${path}/:name`, documentation.fragmentShown, async (request, reply) => {
    const fragment = found(await store.find(levelOf(request), request.params.name))
    reply.header('etag', fragment.etag)
    return fragment.properties
  })

  api.post(path, documentation.fragmentCreated, async (request, reply) => {
    const fragment = await store.create(levelOf(request), readFragment(request.body, true))
    return reply.code(201).header('etag', fragment.etag).send()
  })

  api.put(path, documentation.fragmentReplaced, async (request, reply) => {
    const fragment = found(await store.replace(levelOf(request), readFragment(request.body, false)))
    reply.header('etag', fragment.etag)
    return { Count: 1 }
  })

  // The contract has no 404 here: an unknown name is a count of zero.
  api.delete<ByName>(`${path}/:name`, documentation.fragmentDeleted, async (request) => {
    return { Count: (await store.remove(levelOf(request), request.params.name)) ? 1 : 0 }
  })

  labelRoutes(api, path, store, levelOf)
}
