import { useErrorBody } from '@landbridge/http-api'
import { isPlatformError, type Log, PlatformError } from '@landbridge/kernel'
import {
  type BoundService,
  brokerCatalog,
  type Outcome,
  planByName,
  renderCredentials,
  type ServiceBroker,
} from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { EndpointsOf } from '../operator/service-routes.ts'
import { admit, type BrokerUser } from './broker-access.ts'
import { brokerErrorBody } from './broker-error.ts'

const members = Type.Optional(Type.Record(Type.String(), Type.Unknown()))
/** Further members are allowed: newer platforms send more. */
const orderBody = Type.Object({
  service_id: Type.String(),
  plan_id: Type.Optional(Type.String()),
  organization_guid: Type.Optional(Type.String()),
  context: members,
  parameters: members,
})

type Path = { Params: { subaccountId?: string; instanceId: string; bindingId: string } }

export interface BrokerRoutesOptions {
  readonly broker: ServiceBroker
  readonly user: BrokerUser
  readonly endpoints: EndpointsOf
  readonly log: Log
}

/**
 * The Open Service Broker API 2.17. All operations end at once. It is there twice: for platforms that name the
 * subaccount with each instance, and below `/broker/<subaccount ID>` for those that cannot, such as Kubernetes.
 */
export async function addBrokerRoutes(api: FastifyInstance, options: BrokerRoutesOptions): Promise<void> {
  for (const prefix of ['/v2', '/broker/:subaccountId/v2'])
    await api.register(
      async (scope) => {
        useErrorBody(scope, { log: options.log, errorBody: brokerErrorBody })
        scope.addHook('onRequest', (request, reply) => admit(options.user, request, reply))
        scope.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'))
        acceptEmptyBodies(scope)
        scope.get('/catalog', async () => brokerCatalog())
        instanceRoutes(scope, options.broker)
        bindingRoutes(scope, options)
      },
      { prefix },
    )
}

export function isBrokerPath(path: string): boolean {
  return /^\/(?:broker\/[^/]*\/)?v2\//.test(path)
}

/** Some platforms name a content type where they send no content. */
function acceptEmptyBodies(scope: FastifyInstance): void {
  const parse = scope.getDefaultJsonParser('error', 'error')
  scope.removeContentTypeParser('application/json')
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text === '') done(null, undefined)
    else parse(request, String(text), done)
  })
}

function instanceRoutes(scope: FastifyInstance, broker: ServiceBroker): void {
  const path = '/service_instances/:instanceId'
  const schema = { body: orderBody }

  scope.put<Path>(path, { schema }, async (request, reply) => {
    const { instanceId } = request.params
    return answer(reply, await broker.provision(instanceId, body(request), subaccount(request)), () => ({}))
  })
  scope.patch<Path>(path, { schema }, async (request) => {
    await broker.update(request.params.instanceId, body(request), subaccount(request))
    return {}
  })
  scope.delete<Path>(path, async (request) => {
    await broker.deprovision(request.params.instanceId, ids(request), subaccount(request))
    return {}
  })
  scope.get<Path>(path, async (request) => {
    const instance = await broker.instance(request.params.instanceId, subaccount(request))
    const plan = planByName(instance.service, instance.plan)
    return { service_id: plan?.serviceId, plan_id: plan?.planId, parameters: instance.parameters }
  })
  scope.get<Path>(`${path}/last_operation`, async (request) => {
    await goneWhenUnknown(broker.instance(request.params.instanceId, subaccount(request)))
    return { state: 'succeeded' }
  })
}

function bindingRoutes(scope: FastifyInstance, { broker, endpoints }: BrokerRoutesOptions): void {
  const path = '/service_instances/:instanceId/service_bindings/:bindingId'
  const show = async (bound: BoundService) => ({
    credentials: renderCredentials(bound, await endpoints(bound.subaccount.subdomain)),
  })
  const binding = (request: FastifyRequest<Path>) =>
    broker.binding(request.params.instanceId, request.params.bindingId, subaccount(request))

  scope.put<Path>(path, { schema: { body: orderBody } }, async (request, reply) => {
    const { instanceId, bindingId } = request.params
    return answer(reply, await broker.bind(instanceId, bindingId, body(request), subaccount(request)), show)
  })
  scope.get<Path>(path, async (request) => show(await binding(request)))
  scope.delete<Path>(path, async (request) => {
    const { instanceId, bindingId } = request.params
    await broker.unbind(instanceId, bindingId, ids(request), subaccount(request))
    return {}
  })
  scope.get<Path>(`${path}/last_operation`, async (request) => {
    await goneWhenUnknown(binding(request))
    return { state: 'succeeded' }
  })
}

async function answer<T>(
  reply: FastifyReply,
  { outcome, value }: Outcome<T>,
  show: (value: T) => unknown,
): Promise<FastifyReply> {
  return reply.code(outcome === 'created' ? 201 : 200).send(await show(value))
}

function body(request: FastifyRequest): Static<typeof orderBody> {
  return request.body as Static<typeof orderBody> // the schema was checked
}

/** The IDs in the query of a removal, where the API wants them. */
function ids(request: FastifyRequest): { service_id: unknown; plan_id: unknown } {
  const query = request.query as Readonly<Record<string, unknown>> // fastify's parser gives an object
  for (const field of ['service_id', 'plan_id'])
    if (query[field] === undefined) throw new PlatformError('REQUEST_INVALID', { field, reason: 'is missing' })
  return { service_id: query.service_id, plan_id: query.plan_id }
}

function subaccount(request: FastifyRequest<Path>): string | undefined {
  return request.params.subaccountId?.toLowerCase()
}

async function goneWhenUnknown(lookup: Promise<unknown>): Promise<void> {
  await lookup.catch((cause: unknown) => {
    if (isPlatformError(cause, 'INSTANCE_UNKNOWN') || isPlatformError(cause, 'BINDING_UNKNOWN'))
      throw new PlatformError('BROKER_GONE', {}, { cause })
    throw cause
  })
}
