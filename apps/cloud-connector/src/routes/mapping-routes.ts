import type { SystemMapping } from '@landbridge/access'
import { addMapping, removeMapping } from '@landbridge/connector'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { checked } from '../availability.ts'
import { Fields } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import { mappingJson, mappingPath, readMapping } from '../wire/mapping-json.ts'
import {
  type ApiContext,
  editSubaccount,
  linksOf,
  sendCreated,
  sendJson,
  sendNothing,
  subaccountIn,
} from './context.ts'
import { editMapping } from './edit-mapping.ts'
import { mappingIn } from './named-mapping.ts'

export const mappings = '/api/v1/configuration/subaccounts/:regionHost/:subaccount/systemMappings'

/** System mappings (guide L24263). */
export function mappingRoutes(api: FastifyInstance, context: ApiContext): void {
  api.get(mappings, (request, reply) => {
    const subaccount = subaccountIn(request, context)
    const links = linksOf(request, context)
    return sendJson(
      reply,
      Array.from(subaccount.mappings.values(), (mapping) => mappingJson(mapping, subaccount, links)),
    )
  })
  api.get(`${mappings}/:address`, (request, reply) => {
    const subaccount = subaccountIn(request, context)
    return sendJson(reply, mappingJson(mappingIn(request, subaccount), subaccount, linksOf(request, context)))
  })
  api.post(mappings, async (request, reply) => {
    const subaccount = subaccountIn(request, context)
    const mapping = readMapping(readFields(request), context.clock.now())
    const isChecked = wantsCheck(request)
    await editSubaccount(context, request, event('create', mapping), (current) => addMapping(current, mapping))
    const location = linksOf(request, context).to(mappingPath(subaccount, mapping))
    if (!isChecked) return sendCreated(reply, location)
    return sendJson(reply.header('location', location), await checked(context, mapping), 201)
  })
  api.put(`${mappings}/:address`, async (request, reply) => {
    const before = mappingIn(request, subaccountIn(request, context))
    const fields = readFields(request)
    const isChecked = wantsCheck(request)
    const { category, object } = event('update', before)
    await editMapping(context, request, { category, object }, (current) =>
      readMapping(fields, context.clock.now(), current),
    )
    if (isChecked) return sendJson(reply, await checked(context, mappingIn(request, subaccountIn(request, context))))
    return sendNothing(reply)
  })
  api.delete(`${mappings}/:address`, async (request, reply) => {
    const { virtualHost, virtualPort } = mappingIn(request, subaccountIn(request, context))
    await editSubaccount(context, request, event('delete', { virtualHost, virtualPort }), (current) =>
      removeMapping(current, virtualHost, virtualPort),
    )
    return sendNothing(reply)
  })
  api.delete(mappings, async (request, reply) => {
    const all = { category: 'BackendMapping', action: 'delete', object: '*' } as const
    await editSubaccount(context, request, all, (current) => ({ ...current, mappings: new Map() }))
    return sendNothing(reply)
  })
}

/** Whether a save is to be followed by a check (guide L21189), which cannot undo it: `?checkAvailability=true`. */
function wantsCheck(request: FastifyRequest): boolean {
  return new Fields(request.query).flag('checkAvailability') ?? false
}

function event(
  action: 'create' | 'update' | 'delete',
  { virtualHost, virtualPort }: Pick<SystemMapping, 'virtualHost' | 'virtualPort'>,
) {
  return { category: 'BackendMapping', action, object: `${virtualHost}:${virtualPort}` } as const
}
