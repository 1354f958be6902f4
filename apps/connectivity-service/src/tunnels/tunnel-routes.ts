import { PlatformError, toProblem } from '@landbridge/kernel'
import {
  channelRefusals,
  connectorIdOf,
  parseLocationId,
  parseSubaccountId,
  type TunnelBroker,
} from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { proxyCertificate } from './proxy-certificate.ts'
import { mayServe, type TunnelCaller, type TunnelCallers } from './tunnel-caller.ts'
import type { TunnelEvents } from './tunnel-events.ts'

const tunnelRequest = Type.Object({
  subaccountId: Type.String({ maxLength: 100 }),
  locationId: Type.String({ maxLength: 1_000 }),
  ticket: Type.String({ minLength: 16, maxLength: 256 }),
  host: Type.String({ minLength: 1, maxLength: 253 }),
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
  serverName: Type.String({ minLength: 1, maxLength: 253 }),
  proxyId: Type.String({ minLength: 1, maxLength: 100 }),
  displayName: Type.String({ maxLength: 200 }),
  /** Both or none: the connector that asked for a service channel, and its name for the request. */
  connectorId: Type.Optional(Type.String({ maxLength: 64 })),
  channel: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
})

const channelAnswer = {
  subaccountId: Type.String({ maxLength: 100 }),
  locationId: Type.String({ maxLength: 1_000 }),
  connectorId: Type.String({ maxLength: 64 }),
  channel: Type.String({ minLength: 1, maxLength: 64 }),
}

const serviceOffer = Type.Object({
  ...channelAnswer,
  /** What goes from replica to replica of this service is limited to 8,000 bytes: longer lists come in parts. */
  services: Type.Array(
    Type.Object({ serviceId: Type.String({ maxLength: 500 }), name: Type.String({ maxLength: 253 }) }),
    { maxItems: 50 },
  ),
})

const channelRefusal = Type.Object({
  ...channelAnswer,
  code: Type.Union(channelRefusals.map((code) => Type.Literal(code))),
})

const maxOfferBytes = 6_000

/** What proxies call: open a tunnel, and hear what happens to connectors. */
export function addTunnelRoutes(
  api: FastifyInstance,
  { broker, callers, events }: { broker: TunnelBroker; callers: TunnelCallers; events: TunnelEvents },
): void {
  api.post('/api/v1/tunnels', { schema: { body: tunnelRequest } }, async (request, reply) => {
    const caller = await callers.identify(request)
    const { channel, connectorId = '', ...body } = request.body as Static<typeof tunnelRequest>
    const { subaccountId, locationId } = placeServed(caller, body)
    const chosen = await broker.open({
      ...body,
      subaccountId,
      locationId,
      ...(channel === undefined ? {} : { channel: { request: channel, connectorId: connectorIdOf(connectorId) } }),
    })
    if (chosen.length === 0) {
      // An application gets 503 for this from its proxy, the proxy itself 404: the service is well, the tunnel is not.
      const problem = toProblem(new PlatformError('CONNECTOR_NOT_CONNECTED', { subaccountId, locationId }), request.id)
      return reply
        .code(404)
        .header('content-type', 'application/problem+json')
        .send({ ...problem, status: 404 })
    }
    return reply.code(202).send({
      connectors: chosen.map(({ connectedSinceMs, ...connector }) => ({
        ...connector,
        connectedSince: new Date(connectedSinceMs).toISOString(),
      })),
    })
  })

  api.post('/api/v1/tunnels/refusals', { schema: { body: channelRefusal } }, async (request, reply) => {
    const caller = await callers.identify(request)
    const body = request.body as Static<typeof channelRefusal>
    const place = { ...placeServed(caller, body), connectorId: connectorIdOf(body.connectorId) }
    await broker.refuseChannel(place, body.channel, body.code)
    return reply.code(204).send()
  })

  api.post('/api/v1/tunnels/services', { schema: { body: serviceOffer } }, async (request, reply) => {
    const caller = await callers.identify(request)
    const body = request.body as Static<typeof serviceOffer>
    const place = { ...placeServed(caller, body), connectorId: connectorIdOf(body.connectorId) }
    if (Buffer.byteLength(JSON.stringify(body.services)) > maxOfferBytes)
      throw new PlatformError('REQUEST_INVALID', {
        field: 'services',
        reason: `services must have at most ${maxOfferBytes} bytes; send them in parts`,
      })
    await broker.offerServices(place, body.channel, body.services)
    return reply.code(204).send()
  })

  api.get('/api/v1/tunnels/events', async (request, reply) => {
    const caller = await callers.identify(request)
    reply.hijack()
    await events.stream(reply.raw, caller, proxyCertificate(request.headers, caller.onlySubaccountId))
  })
}

/** @throws PlatformError TUNNEL_CALLER_FORBIDDEN, or what is wrong with the IDs */
function placeServed(caller: TunnelCaller, given: { readonly subaccountId: string; readonly locationId: string }) {
  const subaccountId = parseSubaccountId(given.subaccountId)
  if (!mayServe(caller, subaccountId))
    throw new PlatformError('TUNNEL_CALLER_FORBIDDEN', { subaccountId, clientId: caller.clientId })
  return { subaccountId, locationId: parseLocationId(given.locationId) }
}
