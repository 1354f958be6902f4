import type { BlockedUser, SystemMapping } from '@landbridge/access'
import { distinctClients, distinctUsers, requireRfc, withoutClient, withoutUsers } from '@landbridge/connector'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fields, invalid } from '../body/fields.ts'
import { readJson } from '../body/read-body.ts'
import { mappingPath, rfcListsOf } from '../wire/mapping-json.ts'
import { type ApiContext, linksOf, parameters, sendCreated, sendJson, sendNothing, subaccountIn } from './context.ts'
import { editMapping } from './edit-mapping.ts'
import { mappings } from './mapping-routes.ts'
import { mappingIn } from './named-mapping.ts'

/** RFC clients and users of a mapping (guide L24718, L25988), under both spellings of the path that the guide prints. */
export function rfcListRoutes(api: FastifyInstance, context: ApiContext): void {
  // The spelling in the singular lists objects, the other one texts.
  clientRoutes(api, context, `${mappings}/:address/allowedClients`, (client) => client)
  clientRoutes(api, context, `${mappings.slice(0, -1)}/:address/allowedClients`, (client) => ({ client }))
  userRoutes(api, context, `${mappings}/:address/blockedClientUsers`)
  userRoutes(api, context, `${mappings.slice(0, -1)}/:address/blockedClientUsers`)
}

function clientRoutes(api: FastifyInstance, context: ApiContext, url: string, show: (client: string) => unknown): void {
  api.get(url, (request, reply) =>
    sendJson(reply, rfcListsOf(mappingIn(request, subaccountIn(request, context))).allowedClients.map(show)),
  )
  api.post(url, async (request, reply) => {
    const allowedClients = distinctClients(readList(context, request).map(readClient))
    await edit(context, request, 'allowedClients', (mapping) => ({ ...mapping, allowedClients }))
    return sendCreated(reply, locationOf(context, request, 'allowedClients'))
  })
  api.patch(url, async (request, reply) => {
    const added = readList(context, request).map(readClient)
    await edit(context, request, 'allowedClients', (mapping) => ({
      ...mapping,
      allowedClients: distinctClients([...mapping.allowedClients, ...added]),
    }))
    return sendNothing(reply)
  })
  api.delete(`${url}/:client`, async (request, reply) => {
    const { client = '' } = parameters(request)
    await edit(context, request, 'allowedClients', (mapping) => ({
      ...mapping,
      allowedClients: withoutClient(mapping.allowedClients, client),
    }))
    return sendNothing(reply)
  })
  api.delete(url, async (request, reply) => {
    await edit(context, request, 'allowedClients', (mapping) => ({ ...mapping, allowedClients: [] }))
    return sendNothing(reply)
  })
}

function userRoutes(api: FastifyInstance, context: ApiContext, url: string): void {
  const object = 'blockedClientUsers'
  api.get(url, (request, reply) =>
    sendJson(reply, rfcListsOf(mappingIn(request, subaccountIn(request, context))).blockedUsers),
  )
  api.post(url, async (request, reply) => {
    const blockedUsers = distinctUsers(readList(context, request).map(readUser))
    await edit(context, request, object, (mapping) => ({ ...mapping, blockedUsers }))
    return sendCreated(reply, locationOf(context, request, object))
  })
  api.patch(url, async (request, reply) => {
    const added = readList(context, request).map(readUser)
    await edit(context, request, object, (mapping) => ({
      ...mapping,
      blockedUsers: distinctUsers([...mapping.blockedUsers, ...added]),
    }))
    return sendNothing(reply)
  })
  for (const [path, read] of [
    [`${url}/:entry`, readPair],
    [`${url}/client/:entry`, (entry: string) => (entry.includes(':') ? readPair(entry) : { client: entry })],
    [`${url}/user/:entry`, (entry: string) => ({ user: entry })],
  ] as const)
    api.delete(path, async (request, reply) => {
      const meant = read(parameters(request).entry ?? '')
      await edit(context, request, object, (mapping) => ({
        ...mapping,
        blockedUsers: withoutUsers(mapping.blockedUsers, meant),
      }))
      return sendNothing(reply)
    })
  api.delete(url, async (request, reply) => {
    await edit(context, request, object, (mapping) => ({ ...mapping, blockedUsers: [] }))
    return sendNothing(reply)
  })
}

/** The address is looked up before the body is read. */
function readList(context: ApiContext, request: FastifyRequest): readonly unknown[] {
  mappingIn(request, subaccountIn(request, context))
  const body = readJson(request)
  if (!Array.isArray(body)) throw invalid('body', 'must be a list')
  return body
}

/** A text, or an object as the other spelling shows it. */
function readClient(entry: unknown): string {
  return typeof entry === 'string' ? entry : new Fields(entry).required('client')
}

function readUser(entry: unknown): BlockedUser {
  const fields = new Fields(entry)
  return { client: fields.required('client'), user: fields.required('user') }
}

/** Clients have three characters, users may hold colons. */
function readPair(entry: string): BlockedUser {
  const colon = entry.indexOf(':')
  return { client: entry.slice(0, Math.max(0, colon)), user: entry.slice(colon + 1) }
}

function locationOf(context: ApiContext, request: FastifyRequest, list: string): string {
  const subaccount = subaccountIn(request, context)
  return linksOf(request, context).to(`${mappingPath(subaccount, mappingIn(request, subaccount))}/${list}`)
}

function edit(
  context: ApiContext,
  request: FastifyRequest,
  list: string,
  change: (mapping: SystemMapping) => SystemMapping,
): Promise<void> {
  const { virtualHost, virtualPort } = mappingIn(request, subaccountIn(request, context))
  const event = { category: 'BackendAuthority', object: `${virtualHost}:${virtualPort} ${list}` } as const
  return editMapping(context, request, event, (mapping) => {
    requireRfc(mapping)
    return change(mapping)
  })
}
