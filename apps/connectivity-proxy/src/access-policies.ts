import type { VerifiedToken } from '@landbridge/identity'
import type { AccessPolicy } from '@landbridge/proxy'
import type { ConnectivityProxyConfig } from './config.ts'

/** The service instance whose service key pairs the proxy with the connectivity service. */
export interface PairedInstance {
  /** Empty when the service key does not tell it. */
  readonly instanceId: string
  readonly clientId: string
}

export interface AccessPolicyOptions {
  readonly config: ConnectivityProxyConfig
  /** Without it no service token is accepted. */
  readonly instance: PairedInstance | undefined
  readonly userTokenNamesTenant: boolean
  readonly mayActFor: AccessPolicy['mayActFor']
}

/** The policy of one listener: authorization is switched for each, everything else is the same. */
export function accessPolicy(options: AccessPolicyOptions, authorization: boolean): AccessPolicy {
  const { config, instance, userTokenNamesTenant, mayActFor } = options
  const { allowedClientId } = config.servers.proxy.authorization.oauth
  const { acceptConnectivityBindings, embeddedTokenClaims } = config.landbridge
  return {
    authorization,
    tenantMode: config.tenantMode,
    subaccountId: config.subaccountId.trim().toLowerCase(),
    acceptClient: (token) =>
      (allowedClientId !== '' && token.clientId === allowedClientId) ||
      (acceptConnectivityBindings && isConnectivityBinding(token)),
    // Workloads in trusted modes use service keys of the very instance that the proxy is paired with (guide L31967).
    acceptServiceClient: (token) => instance !== undefined && isOf(instance, token),
    userTokenNamesTenant,
    embeddedTokenClaims,
    mayActFor,
  }
}

/**
 * Client IDs do not tell: those of connectivity and of connectivity_proxy instances both end in `|connectivity!b1`. A
 * proxy's own credentials must not pass as an application's, so the token service says which service it is.
 */
function isConnectivityBinding({ service }: VerifiedToken): boolean {
  return service === 'connectivity'
}

function isOf({ instanceId, clientId }: PairedInstance, token: VerifiedToken): boolean {
  return instanceId === '' ? token.clientId === clientId : token.instanceId === instanceId
}
