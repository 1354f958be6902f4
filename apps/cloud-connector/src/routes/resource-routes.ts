import { isHttp } from '@landbridge/access'
import {
  addResource,
  changeResources,
  type ResourceChange,
  removeResource,
  replaceResource,
  resourceOf,
  withMapping,
} from '@landbridge/connector'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Fields, invalid } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import { mappingPath } from '../wire/mapping-json.ts'
import { decodeResourceId, resourceSegment } from '../wire/resource-id.ts'
import { readResource, resourceJson } from '../wire/resource-json.ts'
import {
  type ApiContext,
  editSubaccount,
  linksOf,
  parameters,
  sendCreated,
  sendJson,
  sendNothing,
  subaccountIn,
} from './context.ts'
import { editResources } from './edit-resources.ts'
import { mappings } from './mapping-routes.ts'
import { mappingIn } from './named-mapping.ts'

const resources = `${mappings}/:address/resources`
const one = `${resources}/:resource`
const maxIds = 10_000

/** What a mapping exposes (guide L24524). */
export function resourceRoutes(api: FastifyInstance, context: ApiContext): void {
  api.get(resources, (request, reply) => {
    const mapping = mappingIn(request, subaccountIn(request, context))
    return sendJson(
      reply,
      mapping.resources.map((resource) => resourceJson(resource, {})),
    )
  })
  api.get(one, (request, reply) => {
    const subaccount = subaccountIn(request, context)
    const mapping = mappingIn(request, subaccount)
    const resource = resourceOf(mapping, idIn(request))
    const path = `${mappingPath(subaccount, mapping)}/resources/${resourceSegment(resource.id)}`
    return sendJson(reply, resourceJson(resource, { self: linksOf(request, context).link(path) }))
  })
  api.post(resources, async (request, reply) => {
    const subaccount = subaccountIn(request, context)
    const mapping = mappingIn(request, subaccount)
    const fields = readFields(request)
    const id = fields.required('id')
    await editSubaccount(context, request, event('create', request, id), (current) => {
      const target = mappingIn(request, current)
      return addResource(current, target, readResource(fields, id, target, context.clock.now()))
    })
    const path = `${mappingPath(subaccount, mapping)}/resources/${resourceSegment(id)}`
    return sendCreated(reply, linksOf(request, context).to(path))
  })
  api.put(one, async (request, reply) => {
    const id = idIn(request)
    resourceOf(mappingIn(request, subaccountIn(request, context)), id)
    const fields = readFields(request)
    await editSubaccount(context, request, event('update', request, id), (current) => {
      const target = mappingIn(request, current)
      const { createdAtMs } = resourceOf(target, id)
      return replaceResource(current, target, readResource(fields, id, target, createdAtMs))
    })
    return sendNothing(reply)
  })
  api.patch(resources, async (request, reply) => {
    const { protocol } = mappingIn(request, subaccountIn(request, context))
    const fields = readFields(request)
    const [ids, change] = [readIds(fields, 'ids'), readChange(fields)]
    if (change.websocketUpgradeAllowed !== undefined && !isHttp(protocol))
      throw invalid('websocketUpgradeAllowed', `has no meaning for a mapping of protocol ${protocol}`)
    await editResources(context, request, { ...change }, (subaccount, mapping) => ({
      subaccount: changeResources(subaccount, mapping, ids, change),
      result: undefined,
    }))
    return sendNothing(reply)
  })
  api.delete(one, async (request, reply) => {
    const id = idIn(request)
    resourceOf(mappingIn(request, subaccountIn(request, context)), id)
    await editSubaccount(context, request, event('delete', request, id), (current) =>
      removeResource(current, mappingIn(request, current), id),
    )
    return sendNothing(reply)
  })
  api.delete(resources, async (request, reply) => {
    mappingIn(request, subaccountIn(request, context))
    await editSubaccount(context, request, event('delete', request, '*'), (current) =>
      withMapping(current, { ...mappingIn(request, current), resources: [] }),
    )
    return sendNothing(reply)
  })
}

/** IDs of resources, as texts of JSON: not encoded as in paths. */
export function readIds(fields: Fields, name: string): ReadonlySet<string> {
  const list = fields.list(name) ?? []
  if (list.length === 0 || list.length > maxIds) throw invalid(name, `must name 1 to ${maxIds} resources`)
  return new Set(
    list.map((entry) => {
      if (typeof entry !== 'string' || entry === '') throw invalid(name, 'must hold IDs of resources')
      return entry
    }),
  )
}

/** What is set on several resources at once (guide L21244). */
function readChange(fields: Fields): ResourceChange {
  const [enabled, websocketUpgradeAllowed] = [fields.flag('enabled'), fields.flag('websocketUpgradeAllowed')]
  if (enabled === undefined && websocketUpgradeAllowed === undefined)
    throw invalid('enabled', 'or websocketUpgradeAllowed is required')
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...(websocketUpgradeAllowed === undefined ? {} : { websocketUpgradeAllowed }),
  }
}

function idIn(request: FastifyRequest): string {
  return decodeResourceId(parameters(request).resource ?? '')
}

function event(action: 'create' | 'update' | 'delete', request: FastifyRequest, id: string) {
  return { category: 'AllowedResource', action, object: `${parameters(request).address} ${id}` } as const
}
