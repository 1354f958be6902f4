import { bearerToken, type ClientOf, type TokenVerifier } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import { type RegistryRepository, servesAllSubaccounts } from '@landbridge/registry'
import type { FastifyRequest } from 'fastify'

/** A proxy that proved which client it is. */
export interface TunnelCaller {
  readonly clientId: string
  /** Undefined: a proxy of the platform, which serves every subaccount. */
  readonly onlySubaccountId: string | undefined
  readonly tokenExpiresAtMs: number
}

/**
 * Who calls, and for whom they may ask: a proxy of the platform for all tenants, an instance of connectivity or a
 * dedicated proxy for its own subaccount.
 */
export class TunnelCallers {
  readonly #verifier: TokenVerifier
  readonly #registry: RegistryRepository
  readonly #clientOf: ClientOf

  constructor(verifier: TokenVerifier, registry: RegistryRepository, clientOf: ClientOf) {
    this.#verifier = verifier
    this.#registry = registry
    this.#clientOf = clientOf
  }

  /** @throws PlatformError with a TOKEN code or TUNNEL_CALLER_FORBIDDEN */
  async identify(request: FastifyRequest): Promise<TunnelCaller> {
    const token = await this.#verifier.verify(bearerToken(request.headers.authorization))
    const client = await this.#clientOf(token)
    const instance = client && (await this.#registry.findInstance(client.instanceId))
    if (instance === undefined || (instance.service !== 'connectivity_proxy' && instance.service !== 'connectivity'))
      throw new PlatformError('TUNNEL_CALLER_FORBIDDEN', { clientId: token.clientId })
    return {
      clientId: token.clientId,
      onlySubaccountId: servesAllSubaccounts(instance) ? undefined : instance.subaccountId,
      tokenExpiresAtMs: token.expiresAtMs,
    }
  }
}

export function mayServe(caller: TunnelCaller, subaccountId: string): boolean {
  return caller.onlySubaccountId === undefined || caller.onlySubaccountId === subaccountId
}
