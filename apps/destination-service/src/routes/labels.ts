import { type Label, type LabelStore, type Level, patchLabels, readLabels } from '@landbridge/destinations'
import type { FastifyInstance } from 'fastify'
import { labelsChanged, labelsShown } from './documentation.ts'
import { type ByName, found, type LevelOf } from './level-routes.ts'

/** A store whose entries have labels. */
interface Labelled extends LabelStore {
  find(level: Level, name: string): Promise<{ readonly labels?: readonly Label[] } | undefined>
}

/** `…/{name}/labels`: not part of the published contract, used by client libraries all the same. */
export function labelRoutes(api: FastifyInstance, path: string, store: Labelled, levelOf: LevelOf): void {
  const change = async (level: Level, name: string, by: (labels: readonly Label[]) => readonly Label[]) =>
    found(await store.changeLabels(level, name, by))

  api.get<ByName>(`${path}/:name/labels`, labelsShown, async (request) => {
    return found(await store.find(levelOf(request), request.params.name)).labels ?? []
  })

  api.put<ByName>(`${path}/:name/labels`, labelsChanged, async (request) => {
    const labels = readLabels(request.body)
    return change(levelOf(request), request.params.name, () => labels)
  })

  api.patch<ByName>(`${path}/:name/labels`, labelsChanged, async (request) => {
    return change(levelOf(request), request.params.name, patchLabels(request.body))
  })
}
