import type { TLSSocket } from 'node:tls'
import type { ExternalRules } from '@landbridge/identity'
import { errorEntry, isPlatformError, PlatformError } from '@landbridge/kernel'
import { connectorIdOf, type Pairing, parseLocationId, parseSubaccountId } from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { certSigningHost, notificationHost, tunnelHosts } from '../config.ts'
import type { PeerCertificates } from '../peer-certificate.ts'
import { basicCredentials } from './basic-credentials.ts'
import { type ConnectorCertificateIssuer, issueConnectorCertificate } from './issue-connector-certificate.ts'
import { addRenewalRoute } from './renewal-route.ts'

/** An identity provider whose users may be propagated to on-premise systems. */
export interface TrustedIdp {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly issuer: string
  readonly jwks: { readonly keys: readonly object[] }
  /** How the connector is to read tokens of an issuer that is not the platform's own. */
  readonly rules?: ExternalRules
  readonly enabled: boolean
}

export interface RegionRoutesOptions extends ConnectorCertificateIssuer {
  readonly pairing: Pairing
  readonly peers: PeerCertificates
  readonly trust: (subaccountId: string) => Promise<readonly TrustedIdp[]>
}

const subaccountParams = Type.Object({ id: Type.String({ maxLength: 200 }) })

const certificateRequest = Type.Object({
  csr: Type.String({ maxLength: 20_000 }),
  connectorId: Type.String({ maxLength: 64 }),
  locationId: Type.Optional(Type.String()),
  description: Type.Optional(Type.String({ maxLength: 1_000 })),
  automaticRenewal: Type.Optional(Type.Boolean()),
})

/** What connectors call while they are paired, before they have a control session. */
export function addRegionRoutes(api: FastifyInstance, options: RegionRoutesOptions): void {
  const { config, ca } = options

  api.get('/api/v1/CAs', async (_request, reply) =>
    reply.header('content-type', 'application/x-pem-file').send(ca.certificatePem),
  )

  api.get('/api/v1/subaccounts/:id/configuration', { schema: { params: subaccountParams } }, async (request, reply) => {
    const { subaccount } = await authorise(options, request, reply)
    return {
      subaccountId: subaccount.id,
      subdomain: subaccount.subdomain,
      displayName: subaccount.displayName,
      regionHost: config.regionHost,
      notificationHost: notificationHost(config),
      certSigningHost: certSigningHost(config),
      tunnelHosts: tunnelHosts(config),
    }
  })

  const schema = { params: subaccountParams, body: certificateRequest }
  api.post('/api/v1/subaccounts/:id/certificates', { schema }, async (request, reply) => {
    const { subaccount, user } = await authorise(options, request, reply, true)
    const answer = await issueCertificate(options, subaccount.id, user.userName, request.body as CertificateRequest)
    // Told because a passcode does not say whose it is.
    return reply.code(201).send({ ...answer, initiatedBy: user.userName })
  })

  addRenewalRoute(api, options)

  api.get('/api/v1/subaccounts/:id/trust', { schema: { params: subaccountParams } }, async (request) => {
    const certificate = await options.peers.check(request.raw.socket as TLSSocket)
    const id = parseSubaccountId((request.params as Static<typeof subaccountParams>).id)
    if (certificate.subaccountId !== id)
      throw new PlatformError('CONNECTOR_IDENTITY_MISMATCH', { field: 'subaccountId' })
    return { idps: await options.trust(id) }
  })
}

type CertificateRequest = Static<typeof certificateRequest>

/** @throws PlatformError as Pairing.authorise does, with the header that tells the client what to do. */
async function authorise(
  { pairing, log }: RegionRoutesOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  isFinal = false,
): ReturnType<Pairing['authorise']> {
  const subaccount = (request.params as Static<typeof subaccountParams>).id
  const credentials = basicCredentials(request.headers.authorization)
  const remoteAddress = request.raw.socket.remoteAddress ?? ''
  try {
    if (credentials === undefined) {
      parseSubaccountId(subaccount)
      throw new PlatformError('PAIRING_CREDENTIALS_WRONG')
    }
    return await pairing.authorise({ subaccount, ...credentials, remoteAddress, isFinal })
  } catch (failure) {
    if (isPlatformError(failure) && errorEntry(failure.code).http === 401)
      reply.header('www-authenticate', 'Basic realm="subaccount", charset="UTF-8"')
    if (isPlatformError(failure) && typeof failure.facts.retryAfterSeconds === 'number')
      reply.header('retry-after', String(failure.facts.retryAfterSeconds))
    if (isPlatformError(failure))
      log.warn('connector.pairing.refused', { requestId: request.id, code: failure.code, remoteAddress })
    throw failure
  }
}

async function issueCertificate(
  options: RegionRoutesOptions,
  subaccountId: string,
  initiatedBy: string,
  body: CertificateRequest,
): Promise<{ certificate: string; ca: string }> {
  const locationId = parseLocationId(body.locationId ?? '')
  const connectorId = connectorIdOf(body.connectorId)
  // Said at pairing, not only at connecting, so that nobody ends up with a half-configured subaccount (guide L18829).
  const present = await options.connectors.listSessions(options.clock.now(), { subaccountId, locationId })
  const taken = present.find((session) => session.connectorId !== connectorId && !session.loadSharing)
  if (taken !== undefined)
    throw new PlatformError('CONNECTOR_LOCATION_TAKEN', { locationId, connectorId: taken.connectorId })
  return issueConnectorCertificate(options, {
    subaccountId,
    connectorId,
    locationId,
    description: body.description ?? '',
    initiatedBy,
    csr: body.csr,
    isRenewedByConnector: body.automaticRenewal ?? false,
  })
}
