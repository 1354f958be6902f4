import type { TLSSocket } from 'node:tls'
import { PlatformError } from '@landbridge/kernel'
import { parseSubaccountId } from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { PeerCertificates } from '../peer-certificate.ts'
import { type ConnectorCertificateIssuer, issueConnectorCertificate } from './issue-connector-certificate.ts'

const subaccountParams = Type.Object({ id: Type.String({ maxLength: 200 }) })

const renewalRequest = Type.Object({
  csr: Type.String({ maxLength: 20_000 }),
  automaticRenewal: Type.Optional(Type.Boolean()),
})

/**
 * A connector gets its next certificate with the one that it has, over mutual TLS: no user is needed. The identity is
 * taken over as it is. The old certificate stays good until it expires.
 */
export function addRenewalRoute(
  api: FastifyInstance,
  options: ConnectorCertificateIssuer & { readonly peers: PeerCertificates },
): void {
  const schema = { params: subaccountParams, body: renewalRequest }
  api.post('/api/v1/subaccounts/:id/certificates/renewal', { schema }, async (request, reply) => {
    const present = await options.peers.check(request.raw.socket as TLSSocket)
    const id = parseSubaccountId((request.params as Static<typeof subaccountParams>).id)
    if (present.subaccountId !== id) throw new PlatformError('CONNECTOR_IDENTITY_MISMATCH', { field: 'subaccountId' })
    const { csr, automaticRenewal } = request.body as Static<typeof renewalRequest>
    const { subaccountId, connectorId, locationId, description, initiatedBy, fingerprint } = present
    const answer = await issueConnectorCertificate(options, {
      subaccountId,
      connectorId,
      locationId,
      description,
      initiatedBy,
      csr,
      predecessor: fingerprint,
      isRenewedByConnector: automaticRenewal ?? true,
    })
    return reply.code(201).send(answer)
  })
}
