import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Login, type RunningCommand, runUntilReady, type TestPlatform } from '@landbridge/testkit'
import { regionHost } from './administration.ts'

export interface LocatedConnector {
  readonly locationId: string
  readonly virtualHost: string
  readonly backendPort: number
  /** Instead of the demo's subaccount and its administrator. */
  readonly subaccount?: { readonly id: string; readonly administrator: Login }
  /** Of its files, where several connectors of one folder have the same location. Default: the location. */
  readonly name?: string
}

/** Starts `landbridge connector` as a process of its own: paired at a location, with one HTTP backend exposed. */
export async function startLocatedConnector(
  platform: TestPlatform,
  folder: string,
  { locationId, virtualHost, backendPort, subaccount, name = locationId }: LocatedConnector,
): Promise<RunningCommand> {
  const administrator = subaccount?.administrator ?? platform.credentials.administrator
  const configuration = {
    dataDirectory: join(folder, `connector-${name}`),
    logLevel: 'warn',
    connector: {
      port: 0,
      haRole: 'master',
      initialPassword: 'not-the-default-1',
      regions: {
        [regionHost]: {
          address: '127.0.0.1',
          port: Number(platform.address('connectivity-service').port),
          ca: platform.ca,
        },
      },
      bootstrap: {
        description: `The connector of ${locationId}`,
        subaccounts: [
          {
            regionHost,
            subaccount: subaccount?.id ?? platform.binding('xsuaa').subaccountid,
            user: administrator.name,
            password: administrator.password,
            locationID: locationId,
            systemMappings: [
              {
                virtualHost,
                virtualPort: 80,
                localHost: '127.0.0.1',
                localPort: backendPort,
                protocol: 'HTTP',
                resources: [{ id: '/' }],
              },
            ],
          },
        ],
      },
    },
  }
  // JSON is YAML.
  const file = join(folder, `${name}.yaml`)
  writeFileSync(file, JSON.stringify(configuration), { mode: 0o600 })
  return runUntilReady(['connector', '--json', '--config', file])
}
