import { join } from 'node:path'
import { type CloudConnector, subaccountHealthPath } from '@landbridge/cloud-connector'
import type { NotificationsConfig } from '@landbridge/connectivity-service'
import {
  type Clock,
  type Closeable,
  closeAll,
  type Log,
  type RunningApp,
  randomSecret,
  Secret,
} from '@landbridge/kernel'
import { renderVcapServices } from '@landbridge/registry'
import type { Bindings } from '../binding/find-bindings.ts'
import { brokerUserName, startCloud } from '../compose/cloud.ts'
import { startConnectorGroup } from '../compose/connector.ts'
import type { IdentityConfig } from '../compose/identity-config.ts'
import { connectorKeys, openAuthority, openSealer, openSecret } from '../compose/platform-keys.ts'
import { ensureCloudLandscape } from '../demo/cloud-landscape.ts'
import { ensureConnectorLandscape } from '../demo/connector-landscape.ts'
import { ensureDestinations } from '../demo/destination-landscape.ts'
import { startHttpBackend } from '../demo/http-backend.ts'
import { startTcpBackend } from '../demo/tcp-backend.ts'
import { createAgent } from '../http/agent.ts'
import { cloudComponents } from '../state/cloud-components.ts'
import { rememberDatabase } from '../state/database-place.ts'
import type { PlatformState } from '../state/state-file.ts'
import { writeFileWhole } from '../state/write-file.ts'
import { type DemoCredentials, demoCredentials } from './credentials.ts'
import type { Ports } from './ports.ts'
import { cloudConfig, connectorConfig, proxyEndpoints, regionHost } from './up-parts.ts'
import { startUpProxy } from './up-proxy.ts'

export interface UpOptions {
  readonly dataDirectory: string
  readonly version: string
  readonly host: string
  readonly ports: Ports
  /** Who issues tokens besides the built-in token service. */
  readonly identity: IdentityConfig
  readonly notifications: NotificationsConfig
  readonly clock: Clock
  readonly log: Log
  /** That of the connector alone. */
  readonly connectorLog: Log
  /** Folder for payload traces and audit files of the connector. */
  readonly connectorLogDirectory: string
  /** Takes the lines `[AUDIT-EVENT] …` of the proxy. */
  readonly audit: (line: string) => void
  /** Called with one line for each step. */
  readonly progress: (step: string) => void
}

export interface RunningPlatform extends Closeable {
  /** What other commands need to know, without what the process adds. */
  readonly state: Omit<PlatformState, 'pid' | 'startedAt'>
  readonly credentials: DemoCredentials
}

/**
 * Starts everything in this process and sets up what is missing of the demo landscape. When a part fails, the parts
 * that were started are closed and the failure is thrown.
 */
export async function startPlatform(options: UpOptions): Promise<RunningPlatform> {
  const started: Closeable[] = []
  try {
    return await start(options, started)
  } catch (failure) {
    await closeAll(started).catch((second: unknown) => options.log.error('up.close-failed', {}, second))
    throw failure
  }
}

async function start(options: UpOptions, started: Closeable[]): Promise<RunningPlatform> {
  const { dataDirectory, host, ports, clock, log, progress } = options
  const sealer = openSealer(dataDirectory)
  const storeUrl = `sqlite:${join(dataDirectory, 'cloud.db')}`
  rememberDatabase(dataDirectory, storeUrl)
  const authority = await openAuthority(dataDirectory, sealer, clock)
  const credentials = demoCredentials(dataDirectory)

  const brokerPassword = openSecret(join(dataDirectory, 'broker-password'))
  progress('Starting token, destination and connectivity service')
  const cloud = await startCloud({
    config: {
      ...cloudConfig(host, ports),
      identity: { ...options.identity, builtIn: true },
      notifications: options.notifications,
    },
    storeUrl,
    sealer,
    authority,
    proxy: proxyEndpoints(host, ports),
    operatorSecret: new Secret(credentials.operatorSecret),
    brokerPassword: new Secret(brokerPassword),
    clock,
    log: log.with({ component: 'cloud' }),
  })
  started.push(cloud)
  const { registry, users } = cloud.connectivityService
  const landscape = await ensureCloudLandscape(registry, users, credentials)
  const endpoints = await cloud.endpoints(landscape.subaccount.subdomain)

  progress('Starting connectivity proxy')
  // First, because the proxy exposes it to service channels.
  const tcpBackend = await startTcpBackend(host, ports.backendTcp)
  started.push(tcpBackend)
  const proxy = await startUpProxy({
    ...options,
    demoService: { subaccountId: landscape.subaccount.id, address: `${bracketed(host)}:${tcpBackend.port}` },
    cloud,
    authority,
    caFile: join(dataDirectory, 'ca.pem'),
    service: landscape.proxy,
    endpoints,
  })
  started.push(proxy)

  progress('Starting Cloud Connector and demo backends')
  const region = { address: host, port: cloud.connectivityService.port, ca: authority.certificatePem }
  const statusToken = new Secret(randomSecret())
  const connector = await startConnectorGroup({
    config: connectorConfig(host, ports, region, credentials),
    storeUrl: `sqlite:${join(dataDirectory, 'connector.db')}`,
    sealer: openSealer(dataDirectory, connectorKeys.fileName),
    logDirectory: options.connectorLogDirectory,
    configDirectory: dataDirectory,
    statusToken,
    clock,
    log: options.connectorLog,
  })
  started.push(connector)
  const httpBackend = await startHttpBackend(host, ports.backendHttp)
  started.push(httpBackend)

  const { connectivityService } = cloud
  const state: RunningPlatform['state'] = {
    ...trust(dataDirectory, connector),
    format: 1,
    version: options.version,
    components: [
      ...cloudComponents(cloud),
      ...proxy.components,
      component(connector),
      {
        name: 'HTTP demo backend',
        url: `http://${host}:${httpBackend.port}`,
        readyUrl: `tcp://${host}:${httpBackend.port}`,
      },
      {
        name: 'TCP demo backend',
        url: `tcp://${host}:${tcpBackend.port}`,
        readyUrl: `tcp://${host}:${tcpBackend.port}`,
      },
    ],
    hostNames: [
      landscape.subaccount.subdomain,
      'internal-xsuaa',
      'api',
      `${landscape.subaccount.subdomain}.accounts`,
    ].map((label) => `${label}.localhost`),
    address: host,
    vcapServices: renderVcapServices(landscape.application, endpoints),
    connector: { subaccountsUrl: `${connector.url}${subaccountHealthPath}`, token: statusToken.reveal() },
    operator: { url: connectivityService.url, secret: credentials.operatorSecret },
    broker: { url: connectivityService.url, user: brokerUserName, password: brokerPassword },
  }
  progress('Setting up the demo landscape')
  const agent = createAgent({ ...state, caFiles: [state.caFile, ...state.componentCaFiles] })
  try {
    await ensureConnectorLandscape({
      connectorUrl: connector.url,
      credentials,
      regionHost,
      subaccountId: landscape.subaccount.id,
      backends: { host, httpPort: httpBackend.port, tcpPort: tcpBackend.port },
      agent,
    })
    await ensureDestinations(bindingsOf(state), agent)
  } finally {
    await agent.destroy()
  }
  return {
    state,
    credentials,
    async close() {
      // What is on its way ends while everything that it passes through still runs.
      await proxy.drain()
      await closeAll(started)
    },
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function component({ name, url }: RunningApp): PlatformState['components'][number] {
  return { name, url, readyUrl: `${url}/health/ready` }
}

function trust(dataDirectory: string, connector: CloudConnector): Pick<PlatformState, 'caFile' | 'componentCaFiles'> {
  // The connector has an authority of its own, as one that somebody else runs in another network would.
  const connectorCa = join(dataDirectory, 'connector-ca.pem')
  writeFileWhole(connectorCa, connector.uiCa, 0o644)
  return { caFile: join(dataDirectory, 'ca.pem'), componentCaFiles: [connectorCa] }
}

function bindingsOf(state: RunningPlatform['state']): Bindings {
  const { vcapServices, caFile, hostNames, address } = state
  // Rendered a moment ago: every entry has credentials.
  const services = vcapServices as Bindings['services']
  return { source: 'the demo landscape', services, caFiles: [caFile], hostNames, address }
}
