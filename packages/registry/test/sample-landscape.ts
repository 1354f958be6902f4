import { Secret } from '@landbridge/kernel'
import type { BoundService, PlatformEndpoints, ServiceName, Subaccount } from '../src/index.ts'

export const subaccount: Subaccount = {
  id: '7f0e4c1a-52f0-4b8e-9d1f-3c7f5a1b2c3d',
  subdomain: 'acme',
  displayName: 'Acme',
  createdAtMs: 0,
}

export const endpoints: PlatformEndpoints = {
  uaaDomain: 'authentication.example.test:8081',
  identityDomain: 'accounts.authentication.example.test:8081',
  destinationUri: 'http://destination.example.test:8082',
  connectivityUri: 'https://connectivity.example.test:8083',
  proxy: { host: 'proxy.example.test', httpPort: 20003, socks5Port: 20004, rfcLdapPort: 20001 },
  verificationKey: '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n',
}

const plans = {
  xsuaa: 'application',
  destination: 'lite',
  connectivity: 'lite',
  connectivity_proxy: 'connectivity_proxy',
  provisioning: 'application',
  identity: 'application',
} as const

/** A bound service as the registry hands it out. */
export function bound(service: ServiceName, name = `app-${service}`, bindingName = 'key'): BoundService {
  const xsappname = service === 'xsuaa' ? 'app!t2' : `clone3!b3|${service}!b1`
  return {
    subaccount,
    instance: {
      id: `instance-of-${name}`,
      subaccountId: subaccount.id,
      service,
      plan: plans[service],
      name,
      xsappname,
      parameters: {},
      redirectUris: [],
      supportsX509: true,
      createdAtMs: 0,
    },
    binding: {
      id: `binding-${name}-${bindingName}`,
      instanceId: `instance-of-${name}`,
      name: bindingName,
      clientId: `sb-${xsappname}`,
      credentialType: 'binding-secret',
      clientSecret: new Secret('s3cret'),
      createdAtMs: 0,
    },
  }
}
