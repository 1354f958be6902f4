import { type CloudConnectorConfig, cloudConnectorConfigSchema } from '@landbridge/cloud-connector'
import { loadConfig } from '@landbridge/config'
import { connectivityServiceConfigSchema } from '@landbridge/connectivity-service'
import { destinationServiceConfigSchema } from '@landbridge/destination-service'
import type { PlatformEndpoints } from '@landbridge/registry'
import { tokenServiceConfigSchema } from '@landbridge/token-service'
import type { CloudOptions } from '../compose/cloud.ts'
import type { DemoCredentials } from './credentials.ts'
import type { Ports } from './ports.ts'

/** The region that the demo connector is configured with; it leads to the connectivity service of this process. */
export const regionHost = 'landbridge.localhost'

/** Configurations of the components, from their defaults and from what `up` decides. */
export function cloudConfig(host: string, ports: Ports): Omit<CloudOptions['config'], 'identity' | 'notifications'> {
  const environment = {}
  return {
    tokenService: loadConfig(tokenServiceConfigSchema, { environment, overrides: { host, port: ports.token } }),
    destinationService: loadConfig(destinationServiceConfigSchema, {
      environment,
      // Destinations of the demo may use the token service of this machine.
      overrides: {
        host,
        port: ports.destination,
        mutualTlsPort: ports.destinationTls,
        allowedTokenServices: ['localhost', '127.0.0.0/8'],
      },
    }),
    connectivityService: loadConfig(connectivityServiceConfigSchema, {
      environment,
      overrides: { host, port: ports.connectivity, regionHost },
    }),
  }
}

export function connectorConfig(
  host: string,
  ports: Ports,
  region: { readonly address: string; readonly port: number; readonly ca: string },
  credentials: DemoCredentials,
): CloudConnectorConfig {
  return loadConfig(cloudConnectorConfigSchema, {
    environment: {},
    overrides: {
      host,
      port: ports.connector,
      haRole: 'master',
      initialPassword: credentials.connector.password,
      dnsNames: ['localhost', host],
      regions: { [regionHost]: region },
    },
  })
}

export function proxyEndpoints(host: string, ports: Ports): PlatformEndpoints['proxy'] {
  return { host, httpPort: ports.proxy, socks5Port: ports.socks, rfcLdapPort: ports.rfc }
}
