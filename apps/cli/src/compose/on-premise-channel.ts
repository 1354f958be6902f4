import { type OnPremiseChannel, tokenFailure } from '@landbridge/destinations'
import type { OAuthClient, TenantDirectory } from '@landbridge/identity'
import type { PlatformEndpoints } from '@landbridge/registry'
import type { RunningTokenService } from '@landbridge/token-service'

/**
 * The way of the destination service to token services behind a Cloud Connector: the connectivity proxy that
 * applications use, with a token that says it speaks for the subaccount of the destination, and for no other.
 */
export function onPremiseChannel(
  tokenService: Pick<RunningTokenService, 'ownToken'>,
  tenants: TenantDirectory,
  proxy: Pick<PlatformEndpoints['proxy'], 'host' | 'httpPort'>,
): OnPremiseChannel {
  const host = proxy.host.includes(':') ? `[${proxy.host}]` : proxy.host
  return {
    async route(subaccountId) {
      const tenant = await tenants.tenantById(subaccountId)
      if (tenant === undefined) throw tokenFailure('the subaccount of the destination does not exist')
      const token = await tokenService.ownToken(destinationService(subaccountId), tenant)
      return { proxyUrl: `http://${host}:${proxy.httpPort}`, token }
    },
  }
}

/** Proxies recognise clients by the service that they are of; nobody can log on as this one, it has no secret. */
function destinationService(subaccountId: string): OAuthClient {
  return {
    clientId: 'sb-landbridge-destination-service|connectivity!b1',
    certificateThumbprints: [],
    subaccountId,
    instanceId: '',
    service: 'connectivity',
    plan: 'lite',
    xsappname: 'landbridge-destination-service|connectivity!b1',
    redirectUris: [],
  }
}
