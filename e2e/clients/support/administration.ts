import { callJson, type JsonAnswer, type TestPlatform } from '@landbridge/testkit'
import { technicalToken } from './tokens.ts'

/** Region host of the demo (a name for configuration; connectors dial an address). */
export const regionHost = 'landbridge.localhost'

/**
 * Creates a destination, of the demo or of a subscriber, through the REST API; on the level of the instance it is the one
 * of the subscription where a subscriber is named.
 */
export async function createDestination(
  platform: TestPlatform,
  properties: Readonly<Record<string, string>>,
  subscriberId?: string,
  level: 'subaccount' | 'instance' = 'subaccount',
): Promise<void> {
  const answer = await callJson({
    method: 'POST',
    url: `${platform.binding('destination').uri}/destination-configuration/v1/${level}Destinations`,
    headers: { authorization: `Bearer ${await technicalToken(platform, 'destination', subscriberId)}` },
    body: { Type: 'HTTP', ...properties },
  })
  if (answer.status !== 201) throw new Error(`${properties.Name} answered ${answer.status}: ${answer.text}`)
}

export interface ExposedSystem {
  readonly virtualHost: string
  /** Port of the backend on this machine. */
  readonly backendPort: number
  readonly protocol?: 'HTTP' | 'HTTPS'
  readonly authenticationMode?: string
  readonly paths?: readonly string[]
  readonly websockets?: boolean
}

/** Exposes a backend of this test under a virtual host, port 80, through the REST API of the demo's Cloud Connector. */
export async function expose(platform: TestPlatform, system: ExposedSystem): Promise<void> {
  const {
    virtualHost,
    backendPort,
    protocol = 'HTTP',
    authenticationMode = 'NONE',
    paths = ['/'],
    websockets = false,
  } = system
  const mappings = `/subaccounts/${regionHost}/${platform.binding('xsuaa').subaccountid}/systemMappings`
  const mapping = {
    virtualHost,
    virtualPort: '80',
    localHost: '127.0.0.1',
    localPort: String(backendPort),
    protocol,
    backendType: 'nonSAPsys',
    authenticationMode,
    hostInHeader: 'VIRTUAL',
  }
  await administrate(platform, 'POST', mappings, mapping)
  for (const id of paths) {
    const resource = { id, enabled: 'true', exactMatchOnly: 'false', websocketUpgradeAllowed: String(websockets) }
    await administrate(platform, 'POST', `${mappings}/${virtualHost}:80/resources`, resource)
  }
}

/** Calls the configuration API of the demo's Cloud Connector. @throws Error for any status but 2xx */
export async function administrate(
  platform: TestPlatform,
  method: string,
  path: string,
  body?: object,
): Promise<JsonAnswer> {
  const { name, password } = platform.credentials.connector
  const answer = await callJson({
    method,
    url: `${platform.address('cloud-connector').origin}/api/v1/configuration${path}`,
    headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` },
    ca: platform.connectorCa,
    ...(body === undefined ? {} : { body }),
  })
  if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`)
  return answer
}

/** Calls the operator API of the connectivity service. */
export async function operate(
  platform: TestPlatform,
  method: string,
  path: string,
  body?: object,
): Promise<JsonAnswer['json']> {
  const answer = await callJson({
    method,
    url: `${platform.address('connectivity-service').origin}/api/v1${path}`,
    headers: { authorization: `Bearer ${platform.credentials.operatorSecret}` },
    ca: platform.ca,
    ...(body === undefined ? {} : { body }),
  })
  if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`)
  return answer.json
}
