import { callJson, type JsonAnswer, type TestPlatform } from '@landbridge/testkit'
import { technicalToken } from './tokens.ts'

/** Region host of the demo (a name for configuration; connectors dial an address). */
export const regionHost = 'landbridge.localhost'

/** Creates a destination on subaccount level through the REST API. */
export async function createDestination(
  platform: TestPlatform,
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  await demand(201, {
    method: 'POST',
    url: `${platform.binding('destination').uri}/destination-configuration/v1/subaccountDestinations`,
    headers: { authorization: `Bearer ${await technicalToken(platform, 'destination')}` },
    body: { Type: 'HTTP', ...properties },
  })
}

/** Exposes an HTTP backend of this test under a virtual host through the REST API of the demo's Cloud Connector. */
export async function exposeHttp(
  platform: TestPlatform,
  virtualHost: string,
  backendPort: number,
  paths: readonly string[] = ['/'],
): Promise<void> {
  const { name, password } = platform.credentials.connector
  const subaccount = `subaccounts/${regionHost}/${platform.binding('xsuaa').subaccountid}`
  const mappings = `${platform.address('cloud-connector').origin}/api/v1/configuration/${subaccount}/systemMappings`
  const headers = { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` }
  const mapping = {
    virtualHost,
    virtualPort: '80',
    localHost: '127.0.0.1',
    localPort: String(backendPort),
    protocol: 'HTTP',
    backendType: 'nonSAPsys',
    authenticationMode: 'NONE',
    hostInHeader: 'VIRTUAL',
  }
  await demand(201, { method: 'POST', url: mappings, headers, body: mapping, ca: platform.connectorCa })
  for (const id of paths) {
    const body = { id, enabled: 'true', exactMatchOnly: 'false', websocketUpgradeAllowed: 'false' }
    const url = `${mappings}/${virtualHost}:80/resources`
    await demand(201, { method: 'POST', url, headers, body, ca: platform.connectorCa })
  }
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

async function demand(status: number, call: Parameters<typeof callJson>[0]): Promise<void> {
  const answer = await callJson(call)
  if (answer.status !== status) throw new Error(`${call.method} ${call.url} answered ${answer.status}: ${answer.text}`)
}
