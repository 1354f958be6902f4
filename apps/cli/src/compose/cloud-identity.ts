import { type ClientCertificates, userIdOf } from '@landbridge/certificates'
import type { TrustedIdp } from '@landbridge/connectivity-service'
import {
  acceptsAnyOf,
  type ClientOf,
  interpretedByIssuer,
  keySourcePerIssuer,
  TokenVerifier,
  type TrustedIssuer,
} from '@landbridge/identity'
import type { Clock, Closeable, Log } from '@landbridge/kernel'
import { type PlatformEndpoints, TenantAccess } from '@landbridge/registry'
import type { RegistryStore } from '@landbridge/store'
import type { RunningTokenService } from '@landbridge/token-service'
import { type ExternalIssuer, invalid, openExternalIssuers } from './external-issuers.ts'
import type { CloudIdentityConfig } from './identity-config.ts'
import { issuedBindings } from './issued-clients.ts'
import { registryDirectory } from './registry-directory.ts'
import { tokenServiceAddress } from './tenant-host.ts'
import { externalIdps, ownIssuer } from './trust-list.ts'

export interface CloudIdentityOptions {
  readonly config: CloudIdentityConfig
  readonly registry: RegistryStore
  readonly clientCertificates: ClientCertificates
  /** Called when an external issuer publishes other keys than before. */
  readonly onKeysChanged: () => void
  readonly clock: Clock
  readonly log: Log
}

/** Who issues the tokens that the services of the cloud side accept, and what follows from it. */
export interface CloudIdentity extends Closeable {
  readonly verifier: TokenVerifier
  readonly tenantAccess: TenantAccess
  readonly clientOf: ClientOf
  /** The issuers that connectors of a subaccount shall trust. */
  trust(subaccountId: string): Promise<readonly TrustedIdp[]>
  /** What the bindings of a subaccount say about tokens. */
  bindings(subdomain: string): Promise<TokenFacts>
}

type TokenFacts = Pick<
  PlatformEndpoints,
  'uaaDomain' | 'identityDomain' | 'tokenServiceUrl' | 'tokenEndpoint' | 'verificationKey' | 'clientOf'
>

/**
 * @param tokenService the built-in one; undefined when it is off.
 * @throws PlatformError CONFIG_INVALID
 */
export function openCloudIdentity(
  { config, registry, clientCertificates, onKeysChanged, clock, log }: CloudIdentityOptions,
  tokenService: RunningTokenService | undefined,
): CloudIdentity {
  const isOwn = (issuer: string): boolean => tokenService?.isOwnIssuer(issuer) ?? false
  const clientOf: ClientOf = async (token, service = 'connectivity') => {
    if (isOwn(token.claims.iss ?? ''))
      return userIdOf(token.clientId) === undefined
        ? registry.findClient(token.clientId)
        : clientCertificates.clientOf(token, service)
    const instance = token.instanceId === '' ? undefined : await registry.findInstance(token.instanceId)
    return instance && { subaccountId: instance.subaccountId, instanceId: instance.id, service: instance.service }
  }
  const tenantAccess = new TenantAccess({ repository: registry, clock, clientOf })
  const directory = registryDirectory(registry, tenantAccess)
  const external = openExternalIssuers({ config, directory, onKeysChanged, clock, log })
  const own: readonly TrustedIssuer[] = tokenService === undefined ? [] : [{ accepts: isOwn, keys: tokenService.ring }]
  const bindings =
    tokenService === undefined ? issuedBy(external, config) : (of: string) => ownBindings(tokenService, of)
  const issuers = [...own, ...external]
  // Connectors are told of new keys before the first token that is signed with them, so keys are asked for unasked.
  const refresh = (): void => {
    for (const { keys } of external) keys.keySet().catch(() => {}) // reported by the key source
  }
  refresh()
  const stopRefreshing = clock.every(config.keyRefreshSeconds * 1000, refresh)
  return {
    verifier: new TokenVerifier({
      keys: keySourcePerIssuer(issuers),
      acceptIssuer: acceptsAnyOf(issuers),
      interpret: interpretedByIssuer(issuers),
      clock,
    }),
    tenantAccess,
    clientOf,
    async trust(subaccountId) {
      const tenant = await registry.tenantById(subaccountId)
      if (tenant === undefined) return []
      const first = tokenService === undefined ? [] : [await ownIssuer(tokenService, tenant)]
      return [...first, ...(await externalIdps(external, tenant, directory))]
    },
    bindings,
    close: async () => stopRefreshing(),
  }
}

async function ownBindings(tokenService: RunningTokenService, subdomain: string): Promise<TokenFacts> {
  return {
    uaaDomain: tokenService.uaaDomain,
    identityDomain: tokenService.identityDomain,
    ...(await tokenServiceAddress(subdomain, tokenService.uaaDomain)),
    verificationKey: await tokenService.verificationKey(),
  }
}

function issuedBy([first]: readonly ExternalIssuer[], { clientSecrets }: CloudIdentityConfig) {
  if (first === undefined)
    throw invalid('identity.external: expected at least one issuer because identity.builtIn is off, found none')
  const facts: TokenFacts = issuedBindings(first, clientSecrets)
  return async () => facts
}
