import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { type ClientCertificates, callingClient, clientIdOf } from '@landbridge/certificates'
import { bearerToken, type ClientOf, type TokenVerifier } from '@landbridge/identity'
import { type Clock, PlatformError } from '@landbridge/kernel'
import { type RegistryRepository, servesAllSubaccounts } from '@landbridge/registry'
import type { FastifyRequest } from 'fastify'

/** A proxy that proved which client it is. */
export interface TunnelCaller {
  readonly clientId: string
  /** Undefined: a proxy of the platform, which serves every subaccount. */
  readonly onlySubaccountId: string | undefined
  readonly tokenExpiresAtMs: number
}

export interface TunnelCallersOptions {
  readonly verifier: TokenVerifier
  readonly registry: RegistryRepository
  readonly clientOf: ClientOf
  /** Lets communication users call with their certificate instead of a token. */
  readonly clientCertificates?: ClientCertificates | undefined
  readonly clock: Clock
}

/** A caller without a token has to prove again after this time that the certificate is still assigned. */
const certificateCallMs = 10 * 60_000

/**
 * Who calls, and for whom they may ask: a proxy of the platform for all tenants, an instance of connectivity or a
 * dedicated proxy for its own subaccount.
 */
export class TunnelCallers {
  readonly #options: TunnelCallersOptions

  constructor(options: TunnelCallersOptions) {
    this.#options = options
  }

  /** @throws PlatformError with a TOKEN code, TUNNEL_CALLER_FORBIDDEN, or a CLIENT_CERTIFICATE code */
  async identify(request: FastifyRequest): Promise<TunnelCaller> {
    const { verifier, registry, clientOf, clientCertificates } = this.#options
    const certificate = (request.raw.socket as TLSSocket).getPeerX509Certificate()
    if (request.headers.authorization === undefined && certificate !== undefined && clientCertificates !== undefined)
      return this.#byCertificate(clientCertificates, certificate, request)
    const token = await verifier.verify(bearerToken(request.headers.authorization))
    const client = await clientOf(token, 'connectivity')
    const instance = client && (await registry.findInstance(client.instanceId))
    if (instance === undefined || (instance.service !== 'connectivity_proxy' && instance.service !== 'connectivity'))
      throw new PlatformError('TUNNEL_CALLER_FORBIDDEN', { clientId: token.clientId })
    return {
      clientId: token.clientId,
      onlySubaccountId: servesAllSubaccounts(instance) ? undefined : instance.subaccountId,
      tokenExpiresAtMs: token.expiresAtMs,
    }
  }

  async #byCertificate(
    certificates: ClientCertificates,
    certificate: X509Certificate,
    request: FastifyRequest,
  ): Promise<TunnelCaller> {
    const { user, facts } = await certificates.authenticateIn(tenantHeader(request), {
      certificate,
      remoteAddress: request.raw.socket.remoteAddress ?? '',
    })
    const clientId = clientIdOf(user)
    if (callingClient(user, 'connectivity') === undefined)
      throw new PlatformError('TUNNEL_CALLER_FORBIDDEN', { clientId, subaccountId: user.subaccountId })
    return {
      clientId,
      onlySubaccountId: user.subaccountId,
      tokenExpiresAtMs: Math.min(facts.notAfter.getTime(), this.#options.clock.now() + certificateCallMs),
    }
  }
}

function tenantHeader(request: FastifyRequest): string | undefined {
  const id = request.headers['x-zid']
  return typeof id === 'string' && id !== '' ? id.toLowerCase() : undefined
}

export function mayServe(caller: TunnelCaller, subaccountId: string): boolean {
  return caller.onlySubaccountId === undefined || caller.onlySubaccountId === subaccountId
}
