import type { OAuthClient } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import { tenants } from './test-service.ts'

/** A binding of the service `identity` in the first subaccount. */
export function identityClient(changes: Partial<OAuthClient> = {}): OAuthClient {
  return {
    clientId: 'c4f5b3c9-5a52-4d43-8f0c-1d1d0f6f0001',
    secret: new Secret('ids'),
    certificateThumbprints: [],
    subaccountId: tenants[0]!.id,
    instanceId: 'inst-identity',
    service: 'identity',
    plan: 'application',
    xsappname: 'clone9!b9|identity!b1',
    redirectUris: ['https://app.test/login/callback', 'https://app.test/bye'],
    ...changes,
  }
}
