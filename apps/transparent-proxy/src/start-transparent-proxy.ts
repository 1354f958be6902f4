import type { AddressInfo } from 'node:net'
import { type Bindings, type LandbridgeClient, openClient } from '@landbridge/client'
import { type Clock, type Closeable, closeAll, type Log, PlatformError, type RunningApp } from '@landbridge/kernel'
import type { TransparentProxyConfig } from './config.ts'
import { configProblems, entriesOf } from './config-rules.ts'
import { Directory } from './entries/directory.ts'
import type { Entry } from './entries/entry.ts'
import { startHealth } from './health.ts'
import { CallerConnections } from './http/caller-connections.ts'
import { Forwarder } from './http/forwarder.ts'
import { HttpFront } from './http/http-front.ts'
import type { TenantRules } from './lookup/tenant.ts'
import { OnPremise } from './on-premise.ts'
import { TcpFront } from './tcp/tcp-front.ts'

export interface TransparentProxyOptions {
  readonly config: TransparentProxyConfig
  /** One of the destination service; one of the connectivity service for on-premise destinations. */
  readonly bindings: Bindings
  /** PEM of authorities that token and destination service are trusted by, besides those of Node. */
  readonly ca?: string
  readonly clock: Clock
  readonly log: Log
}

export interface RunningTransparentProxy extends RunningApp {
  readonly port: number
  readonly healthUrl: string
  /** Ports of TCP entries, by `<name>.<namespace>`. */
  readonly tcpPorts: ReadonlyMap<string, number>
  /** Serves these entries from now on, instead of those before. */
  replaceEntries(entries: readonly Entry[]): Promise<void>
  /** Stops accepting and waits until open requests are done, at most `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>
}

/** Starts the transparent proxy. @throws PlatformError CONFIG_INVALID with every problem, PORT_IN_USE, CLIENT_BINDING_* */
export async function startTransparentProxy(options: TransparentProxyOptions): Promise<RunningTransparentProxy> {
  const { config, clock, log } = options
  const problems = configProblems(config)
  if (problems.length > 0) throw new PlatformError('CONFIG_INVALID', { file: 'transparent proxy', problems })
  const tenants = tenantRules(options)
  if (config.host !== '127.0.0.1' && config.host !== '::1' && config.host !== 'localhost')
    log.warn('transparent-proxy.open-to-network', { host: config.host })

  const client = newClient(options)
  const idleMs = config.idleTimeoutSeconds * 1_000
  const { connectivityProxy, destinationService } = config.integration
  const onPremise = new OnPremise({
    client,
    serviceName: connectivityProxy.serviceName,
    httpPort: connectivityProxy.http.port,
    socks5Port: connectivityProxy.tcp.port,
    timeoutMs: destinationService.readTimeoutSeconds * 1_000,
    clock,
  })
  const connections = new CallerConnections()
  const proxyConnectMs = connectivityProxy.connectionTimeoutSeconds * 1_000
  const forwarder = new Forwarder({ onPremise, connections, proxyConnectMs, idleMs, clock })
  const directory = new Directory(config.namespace)
  const { allowCrossSite } = config
  const http = new HttpFront({ directory, client, forwarder, tenants, allowCrossSite, idleMs, log })
  const tcp = new TcpFront({ client, onPremise, tenants, host: config.host, log })
  const parts: Closeable[] = [http, tcp, { close: async () => connections.close() }, client]
  const replaceEntries = async (entries: readonly Entry[]): Promise<void> => {
    directory.replace(entries)
    await tcp.replace(entries)
  }
  let isOpen = true
  try {
    await replaceEntries(entriesOf(config))
    const port = await listen(http, config)
    const health = await startHealth({ ...config.health, ready: () => isOpen, log })
    parts.unshift(health)
    log.info('transparent-proxy.started', { port, entries: config.destinations.length })
    let closing: Promise<void> | undefined
    return {
      name: 'transparent-proxy',
      url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
      port,
      healthUrl: health.url,
      get tcpPorts() {
        return tcp.ports
      },
      replaceEntries,
      ready: () => isOpen,
      async drain(timeoutMs) {
        isOpen = false
        await Promise.race([http.drain(), new Promise<void>((resolve) => clock.after(timeoutMs, resolve))])
      },
      close() {
        isOpen = false
        closing ??= closeAll(parts)
        return closing
      },
    }
  } catch (failure) {
    await closeAll(parts)
    throw failure
  }
}

function newClient({ config, bindings, ca, clock, log }: TransparentProxyOptions): LandbridgeClient {
  const { connectionTimeoutSeconds, readTimeoutSeconds } = config.integration.destinationService
  return openClient({
    bindings,
    ...(ca === undefined ? {} : { ca }),
    // The caller waits: one repetition, then the answer is that the service is out.
    retry: { retries: 1 },
    cache: { ttlMs: config.destinationCacheSeconds * 1_000, limit: 10_000 },
    connectTimeoutMs: connectionTimeoutSeconds * 1_000,
    readTimeoutMs: readTimeoutSeconds * 1_000,
    clock,
    log,
  })
}

/** @throws PlatformError CLIENT_BINDING_MISSING, CLIENT_BINDING_AMBIGUOUS */
function tenantRules({ config, bindings }: TransparentProxyOptions): TenantRules {
  const { tenantid } = bindings.of('destination').credentials
  return { mode: config.tenantMode, ...(typeof tenantid === 'string' && tenantid !== '' ? { own: tenantid } : {}) }
}

async function listen({ server }: HttpFront, { host, port }: TransparentProxyConfig): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const inUse = 'code' in cause && cause.code === 'EADDRINUSE'
      reject(inUse ? new PlatformError('PORT_IN_USE', { host, port, setting: 'port' }, { cause }) : cause)
    })
    server.listen({ host, port, backlog: 4096 }, resolve)
  })
  return (server.address() as AddressInfo).port
}
