import { addResource, removeResource, replaceResource, resourceOf, withMapping } from '@landbridge/connector'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { readFields } from '../body/read-body.ts'
import { mappingPath } from '../wire/mapping-json.ts'
import { decodeResourceId, encodeResourceId } from '../wire/resource-id.ts'
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
import { mappingIn, mappings } from './mapping-routes.ts'

const resources = `${mappings}/:address/resources`
const one = `${resources}/:resource`

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
    const path = `${mappingPath(subaccount, mapping)}/resources/${encodeURIComponent(encodeResourceId(resource.id))}`
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
    const path = `${mappingPath(subaccount, mapping)}/resources/${encodeURIComponent(encodeResourceId(id))}`
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

function idIn(request: FastifyRequest): string {
  return decodeResourceId(parameters(request).resource ?? '')
}

function event(action: 'create' | 'update' | 'delete', request: FastifyRequest, id: string) {
  return { category: 'AllowedResource', action, object: `${parameters(request).address} ${id}` } as const
}
