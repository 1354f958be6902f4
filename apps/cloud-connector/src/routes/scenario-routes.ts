import { defineScenario, importScenario, removeScenario, scenariosOf } from '@landbridge/connector'
import type { FastifyInstance } from 'fastify'
import { readFields, readMultipart } from '../body/read-body.ts'
import { fromArchive, toArchive } from '../wire/archive.ts'
import { readScenario, readScenarioName, scenarioContent } from '../wire/archive-json.ts'
import { type ApiContext, parameters, sendJson, sendNothing, subaccountIn } from './context.ts'
import { editResources } from './edit-resources.ts'
import { mappings } from './mapping-routes.ts'
import { mappingIn } from './named-mapping.ts'
import { readIds } from './resource-routes.ts'
import { sendArchive } from './transfer-routes.ts'

const scenarios = `${mappings}/:address/scenarios`
const bodyLimit = 4 * 1024 * 1024

/** Sets of resources that are carried to other connectors under a name (guide L21557); the original has pages only. */
export function scenarioRoutes(api: FastifyInstance, context: ApiContext): void {
  api.get(scenarios, (request, reply) => {
    const found = scenariosOf(mappingIn(request, subaccountIn(request, context)))
    return sendJson(
      reply,
      Array.from(found, ([name, resources]) => ({ name, resources: resources.map(({ id }) => id) })),
    )
  })
  api.post(`${scenarios}/export`, (request, reply) => {
    const mapping = mappingIn(request, subaccountIn(request, context))
    const fields = readFields(request)
    const scenario = defineScenario(mapping, readScenarioName(fields.required('name')), readIds(fields, 'resources'))
    return sendArchive(reply, 'scenario.zip', toArchive('scenario', scenarioContent(scenario)))
  })
  api.post(scenarios, { bodyLimit }, async (request, reply) => {
    mappingIn(request, subaccountIn(request, context))
    const archive = readMultipart(request).bytes('archive')
    const scenario = readScenario(await fromArchive(archive, 'scenario'), context.clock.now())
    const { name } = scenario
    const report = await editResources(context, request, { scenario: name }, (subaccount, mapping) => {
      const imported = importScenario(subaccount, mapping, scenario)
      return { subaccount: imported.subaccount, result: imported.report }
    })
    return sendJson(reply, { name, ...report })
  })
  api.delete(`${scenarios}/:scenario`, async (request, reply) => {
    const { scenario = '' } = parameters(request)
    await editResources(context, request, { scenario }, (subaccount, mapping) => ({
      subaccount: removeScenario(subaccount, mapping, scenario),
      result: undefined,
    }))
    return sendNothing(reply)
  })
}
