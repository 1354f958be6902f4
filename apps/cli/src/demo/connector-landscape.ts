import type { Dispatcher } from 'undici'
import type { DemoCredentials } from '../up/credentials.ts'
import { basic, callRest, type RestAnswer } from './rest.ts'

export interface ConnectorLandscapeOptions {
  /** Base URL of the connector's REST API. */
  readonly connectorUrl: string
  readonly credentials: DemoCredentials
  readonly regionHost: string
  readonly subaccountId: string
  readonly backends: { readonly host: string; readonly httpPort: number; readonly tcpPort: number }
  readonly agent: Dispatcher
}

/** Where the demo backends are for an application in the cloud. */
export const virtualHttp = { host: 'demo-backend.virtual', port: 8080 } as const
const virtualTcp = { host: 'demo-tcp.virtual', port: 9000 } as const

/** Pairs the connector with the demo subaccount and exposes the demo backends, all through its REST API. */
export async function ensureConnectorLandscape(options: ConnectorLandscapeOptions): Promise<void> {
  const { regionHost, subaccountId, credentials, backends } = options
  const api = new ConnectorApi(options)
  const own = `/subaccounts/${encodeURIComponent(regionHost)}/${subaccountId}`
  const paired = await api.ask('look for the demo subaccount', 'GET', own, undefined, [404])
  if (paired.status === 404)
    await api.ask('pair the Cloud Connector', 'POST', '/subaccounts', {
      regionHost,
      subaccount: subaccountId,
      autoCertRenewal: true,
      cloudUser: credentials.administrator.name,
      cloudPassword: credentials.administrator.password,
      displayName: 'Demo',
      description: 'Set up by landbridge up',
      locationID: '',
    })
  await ensureMapping(api, own, virtualHttp, 'HTTP', `${backends.host}:${backends.httpPort}`)
  await ensureMapping(api, own, virtualTcp, 'TCP', `${backends.host}:${backends.tcpPort}`)
  const resource = `${own}/systemMappings/${virtualHttp.host}:${virtualHttp.port}/resources`
  const existing = await api.ask('look for the demo resource', 'GET', `${resource}/-`, undefined, [404])
  if (existing.status === 404)
    await api.ask('expose the demo backend', 'POST', resource, {
      id: '/',
      enabled: 'true',
      exactMatchOnly: 'false',
      websocketUpgradeAllowed: 'true',
      description: 'Everything on the demo backend',
    })
}

/** Creates the mapping, or leads it to where the backend listens now: its port may have moved. */
async function ensureMapping(
  api: ConnectorApi,
  subaccount: string,
  virtual: { readonly host: string; readonly port: number },
  protocol: 'HTTP' | 'TCP',
  internal: string,
): Promise<void> {
  const colon = internal.lastIndexOf(':')
  const mapping = {
    virtualHost: virtual.host,
    virtualPort: String(virtual.port),
    localHost: internal.slice(0, colon),
    localPort: internal.slice(colon + 1),
    protocol,
    backendType: 'nonSAPsys',
    authenticationMode: 'NONE',
    hostInHeader: 'VIRTUAL',
    description: `${protocol} demo backend`,
  }
  const path = `${subaccount}/systemMappings/${virtual.host}:${virtual.port}`
  const known = await api.ask('look for the demo mapping', 'GET', path, undefined, [404])
  if (known.status === 404) await api.ask('map the demo backend', 'POST', `${subaccount}/systemMappings`, mapping)
  else if (!leadsTo(known.body, mapping)) await api.ask('move the demo mapping', 'PUT', path, mapping)
}

function leadsTo(body: unknown, mapping: { readonly localHost: string; readonly localPort: string }): boolean {
  if (typeof body !== 'object' || body === null) return false
  const known = body as { readonly localHost?: unknown; readonly localPort?: unknown }
  return known.localHost === mapping.localHost && known.localPort === mapping.localPort
}

class ConnectorApi {
  readonly #base: string
  readonly #authorization: string
  readonly #agent: Dispatcher

  constructor({ connectorUrl, credentials, agent }: ConnectorLandscapeOptions) {
    this.#base = `${connectorUrl}/api/v1/configuration`
    this.#authorization = basic(credentials.connector.name, credentials.connector.password)
    this.#agent = agent
  }

  ask(
    step: string,
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: unknown,
    accept: readonly number[] = [],
  ): Promise<RestAnswer> {
    const call = { step, method, url: this.#base + path, authorization: this.#authorization, accept }
    return callRest(body === undefined ? call : { ...call, body }, this.#agent)
  }
}
