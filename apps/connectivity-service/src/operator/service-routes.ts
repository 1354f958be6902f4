import { PlatformError } from '@landbridge/kernel'
import {
  type BoundService,
  type PlatformEndpoints,
  type Registry,
  renderCredentials,
  renderVcapServices,
  type ServiceInstance,
  servicePlans,
} from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'

const parameters = Type.Optional(Type.Record(Type.String(), Type.Unknown()))

const newInstance = Type.Object(
  { service: Type.String(), plan: Type.Optional(Type.String()), name: Type.String(), parameters },
  { additionalProperties: false },
)
const instanceChange = Type.Object({ parameters }, { additionalProperties: false })
const newBinding = Type.Object({ name: Type.String(), parameters }, { additionalProperties: false })

type Id = { Params: { id: string } }

/** The addresses for the credentials of a subaccount with this subdomain. */
export type EndpointsOf = (subdomain: string) => Promise<PlatformEndpoints>

/** Service instances and bindings, for the operator. Only here are secrets of bindings handed out. */
export function addServiceRoutes(
  api: FastifyInstance,
  { registry, endpoints }: { registry: Registry; endpoints: EndpointsOf | undefined },
): void {
  api.get('/services', async () => Object.entries(servicePlans).map(([service, plans]) => ({ service, plans })))

  api.get<Id>('/subaccounts/:id/serviceInstances', async (request) =>
    (await registry.listInstances(request.params.id)).map(showInstance),
  )
  api.post<Id>('/subaccounts/:id/serviceInstances', { schema: { body: newInstance } }, async (request, reply) => {
    const body = request.body as Static<typeof newInstance>
    const instance = await registry.createInstance({ subaccountId: request.params.id, ...body })
    return reply.code(201).header('location', `/api/v1/serviceInstances/${instance.id}`).send(showInstance(instance))
  })
  api.get<Id>('/serviceInstances/:id', async (request) => showInstance(await registry.instance(request.params.id)))
  api.patch<Id>('/serviceInstances/:id', { schema: { body: instanceChange } }, async (request) => {
    const body = request.body as Static<typeof instanceChange>
    return showInstance(await registry.updateInstance(request.params.id, body.parameters))
  })
  api.delete<Id>('/serviceInstances/:id', async (request, reply) => {
    await registry.deleteInstance(request.params.id)
    return reply.code(204).send()
  })

  api.get<Id>('/serviceInstances/:id/bindings', async (request) =>
    (await registry.listBindings(request.params.id)).map(({ id, instanceId, name, clientId, credentialType }) => ({
      id,
      instanceId,
      name,
      clientId,
      credentialType,
    })),
  )
  api.post<Id>('/serviceInstances/:id/bindings', { schema: { body: newBinding } }, async (request, reply) => {
    const body = request.body as Static<typeof newBinding>
    const bound = await registry.createBinding({ instanceId: request.params.id, ...body })
    reply.code(201).header('location', `/api/v1/bindings/${bound.binding.id}`).header('cache-control', 'no-store')
    return showBinding(bound, endpoints && (await endpoints(bound.subaccount.subdomain)))
  })
  api.get<Id>('/bindings/:id', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const bound = await registry.boundService(request.params.id)
    return showBinding(bound, endpoints && (await endpoints(bound.subaccount.subdomain)))
  })
  api.delete<Id>('/bindings/:id', async (request, reply) => {
    await registry.deleteBinding(request.params.id)
    return reply.code(204).send()
  })

  api.get<Id>('/subaccounts/:id/vcapServices', async (request, reply) => {
    if (endpoints === undefined) throw new PlatformError('NOT_FOUND', { method: request.method, path: request.url })
    reply.header('cache-control', 'no-store')
    const { subdomain } = await registry.subaccount(request.params.id)
    return renderVcapServices(await registry.boundServices(request.params.id), await endpoints(subdomain))
  })
}

function showInstance(shown: ServiceInstance): object {
  const { redirectUris: _inParameters, requestDigest: _internal, ...instance } = shown
  return instance
}

/** A service key is the same object as the credentials of a binding (guide L11624). */
function showBinding(bound: BoundService, endpoints: PlatformEndpoints | undefined): object {
  const { id, instanceId, name, clientId, credentialType } = bound.binding
  const base = { id, instanceId, name, clientId, credentialType }
  return endpoints === undefined ? base : { ...base, credentials: renderCredentials(bound, endpoints) }
}
