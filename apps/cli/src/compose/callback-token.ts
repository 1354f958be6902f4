import type { ConnectivityServiceOptions } from '@landbridge/connectivity-service'
import type { OAuthClient, TenantDirectory } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import type { RunningTokenService } from '@landbridge/token-service'

/** Tokens of the provisioning service for the callbacks of applications (guide L16097): of the provider's tenant. */
export function callbackToken(
  tokenService: Pick<RunningTokenService, 'ownToken'>,
  tenants: TenantDirectory,
): NonNullable<ConnectivityServiceOptions['callbackToken']> {
  return async ({ providerSubaccountId: subaccountId, scopes }) => {
    const tenant = await tenants.tenantById(subaccountId)
    if (tenant === undefined) throw new PlatformError('SUBACCOUNT_UNKNOWN', { subaccountId })
    return tokenService.ownToken(provisioningService(subaccountId), tenant, scopes)
  }
}

/** The application that descriptors grant `Callback` to. Nobody can log on as it, it has no secret. */
function provisioningService(subaccountId: string): OAuthClient {
  return {
    clientId: 'sb-tenant-onboarding!b1',
    certificateThumbprints: [],
    subaccountId,
    instanceId: '',
    service: 'provisioning',
    plan: 'application',
    xsappname: 'tenant-onboarding!b1',
    redirectUris: [],
  }
}
