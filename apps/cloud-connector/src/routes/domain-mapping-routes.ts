import {
  addDomainMapping,
  type DomainMapping,
  domainMappingOf,
  removeDomainMapping,
  replaceDomainMapping,
  type Subaccount,
} from '@landbridge/connector'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { readFields } from '../body/read-body.ts'
import { readDomainMapping } from '../wire/domain-mapping-json.ts'
import { type Links, subaccountPath } from '../wire/links.ts'
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

const collection = '/api/v1/configuration/subaccounts/:regionHost/:subaccount/domainMappings'
const one = `${collection}/:internalDomain`

/** Cookie domains (guide L24988); the key is the internal domain. */
export function domainMappingRoutes(api: FastifyInstance, context: ApiContext): void {
  api.get(collection, (request, reply) => {
    const subaccount = subaccountIn(request, context)
    const links = linksOf(request, context)
    return sendJson(
      reply,
      Array.from(subaccount.domainMappings.values(), (mapping) => domainJson(mapping, subaccount, links)),
    )
  })
  api.get(one, (request, reply) => {
    const subaccount = subaccountIn(request, context)
    const mapping = domainMappingOf(subaccount, keyIn(request))
    return sendJson(reply, domainJson(mapping, subaccount, linksOf(request, context)))
  })
  api.post(collection, async (request, reply) => {
    const subaccount = subaccountIn(request, context)
    const mapping = readDomainMapping(readFields(request))
    await editSubaccount(context, request, event('create', mapping.internalDomain), (current) =>
      addDomainMapping(current, mapping),
    )
    return sendCreated(reply, linksOf(request, context).to(pathOf(subaccount, mapping)))
  })
  api.put(one, async (request, reply) => {
    const key = keyIn(request)
    domainMappingOf(subaccountIn(request, context), key)
    const mapping = readDomainMapping(readFields(request))
    await editSubaccount(context, request, event('update', key), (current) =>
      replaceDomainMapping(current, key, mapping),
    )
    return sendNothing(reply)
  })
  api.delete(one, async (request, reply) => {
    const key = keyIn(request)
    domainMappingOf(subaccountIn(request, context), key)
    await editSubaccount(context, request, event('delete', key), (current) => removeDomainMapping(current, key))
    return sendNothing(reply)
  })
  api.delete(collection, async (request, reply) => {
    await editSubaccount(context, request, event('delete', '*'), (current) => ({
      ...current,
      domainMappings: new Map(),
    }))
    return sendNothing(reply)
  })
}

function keyIn(request: FastifyRequest): string {
  return parameters(request).internalDomain ?? ''
}

function domainJson(mapping: DomainMapping, subaccount: Subaccount, links: Links): object {
  const { virtualDomain, internalDomain } = mapping
  return { virtualDomain, internalDomain, _links: { self: links.link(pathOf(subaccount, mapping)) } }
}

function pathOf(subaccount: Subaccount, { internalDomain }: DomainMapping): string {
  const self = subaccountPath(subaccount.regionHost, subaccount.subaccountId)
  return `${self}/domainMappings/${encodeURIComponent(internalDomain)}`
}

function event(action: 'create' | 'update' | 'delete', object: string) {
  return { category: 'DomainMapping', action, object } as const
}
