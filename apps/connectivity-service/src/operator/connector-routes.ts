import { type Clock, PlatformError } from '@landbridge/kernel'
import type { ConnectorHub, ConnectorRepository, ConnectorSession, Registry, TunnelBroker } from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'

export interface ConnectorRoutesOptions {
  readonly registry: Registry
  readonly connectors: ConnectorRepository
  readonly hub: ConnectorHub
  readonly broker: TunnelBroker
  readonly clock: Clock
}

const revocation = Type.Object(
  {
    reason: Type.String({ minLength: 1, maxLength: 500 }),
    subaccountId: Type.Optional(Type.String({ description: 'Only the certificates of this subaccount' })),
  },
  { additionalProperties: false },
)

type Id = { Params: { id: string } }

/** Connected connectors, their certificates, and how tunnels went, for the operator. */
export function addConnectorRoutes(api: FastifyInstance, options: ConnectorRoutesOptions): void {
  const { registry, connectors, hub, broker, clock } = options

  api.get('/connectors', async () => (await connectors.listSessions(clock.now())).map(showConnector))

  api.get<Id>('/subaccounts/:id/connectors', async (request) => {
    const { id } = await registry.subaccount(request.params.id)
    return (await connectors.listSessions(clock.now(), { subaccountId: id })).map(showConnector)
  })

  api.get<Id>('/subaccounts/:id/connectorCertificates', async (request) => {
    const { id } = await registry.subaccount(request.params.id)
    return (await connectors.listCertificates(id)).map(
      ({ issuedAtMs, notAfterMs, revoked, chain: _long, ...certificate }) => ({
        ...certificate,
        issuedAt: isoTime(issuedAtMs),
        notAfter: isoTime(notAfterMs),
        revoked: revoked === undefined ? null : { at: isoTime(revoked.atMs), reason: revoked.reason },
      }),
    )
  })

  api.get<Id>('/subaccounts/:id/tunnelAttempts', async (request) => {
    const { id } = await registry.subaccount(request.params.id)
    return broker.attempts(id).map(({ atMs, ...attempt }) => ({ ...attempt, at: isoTime(atMs) }))
  })

  const schema = { body: revocation }
  api.post<Id>('/connectors/:id/revoke', { schema }, async (request) => {
    const { reason, subaccountId } = request.body as Static<typeof revocation>
    const scope = subaccountId === undefined ? {} : { subaccountId: (await registry.subaccount(subaccountId)).id }
    const revoked = await hub.revoke({ connectorId: request.params.id, ...scope }, reason)
    if (revoked.length === 0) throw new PlatformError('CONNECTOR_UNKNOWN', { connectorId: request.params.id })
    return { revoked }
  })

  api.post<Id>('/connectorCertificates/:id/revoke', { schema }, async (request) => {
    const fingerprint = request.params.id.toLowerCase()
    if ((await connectors.findCertificate(fingerprint)) === undefined)
      throw new PlatformError('CONNECTOR_CERTIFICATE_UNKNOWN', { fingerprint })
    return { revoked: await hub.revoke({ fingerprint }, (request.body as Static<typeof revocation>).reason) }
  })

  api.post<Id>('/subaccounts/:id/connectors/revoke', { schema }, async (request) => {
    const { id } = await registry.subaccount(request.params.id)
    return { revoked: await hub.revoke({ subaccountId: id }, (request.body as Static<typeof revocation>).reason) }
  })
}

function showConnector(session: ConnectorSession): object {
  const { connectedSinceMs, leaseUntilMs: _internal, replicaId: _replica, ...shown } = session
  return { ...shown, connectedSince: isoTime(connectedSinceMs) }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
