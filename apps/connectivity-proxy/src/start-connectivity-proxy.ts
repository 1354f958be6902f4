import { isIP, type Socket } from 'node:net'
import type { TokenVerifier } from '@landbridge/identity'
import { type Clock, type Closeable, type Log, PlatformError, type RunningApp, randomSecret } from '@landbridge/kernel'
import {
  type AccessPolicy,
  Authorizer,
  ChannelDesk,
  HttpFront,
  handshakeAudit,
  Listener,
  type ProxyAddress,
  rfcTarget,
  SocksFront,
  TunnelServer,
  TunnelTable,
} from '@landbridge/proxy'
import { accessPolicy, type PairedInstance } from './access-policies.ts'
import type { ConnectivityProxyConfig } from './config.ts'
import { configProblems, proxiesOpenToNetwork, settingsWithoutEffect } from './config-rules.ts'
import { ConnectorAuthorities } from './connector-authorities.ts'
import { startHealth } from './health.ts'
import { MappingSource } from './mapping-source.ts'
import { type MetricsSnapshot, ProxyMetrics, type ProxyName } from './metrics/proxy-metrics.ts'
import { ServiceClient, type ServiceClientOptions } from './service-client.ts'
import { listenerOf } from './workers/worker-config.ts'

export interface ConnectivityProxyOptions {
  readonly config: ConnectivityProxyConfig
  readonly verifier: TokenVerifier
  /** How this proxy is paired with the connectivity service. */
  readonly service: Omit<ServiceClientOptions, 'tunnelServer' | 'clock' | 'log'> & {
    readonly instance?: PairedInstance
    /** Where the authorities of connectors are published: asked for at the start and every hour. */
    readonly caListUrl?: string
  }
  /**
   * Certificate of the tunnel server (PEM), and the CA that issues connector certificates: for good, or until the list of
   * the service is known.
   */
  readonly tls: { readonly cert: string; readonly key: string; readonly connectorCa: string }
  /** The tenant of a user token decides, as in the cloud service (see AccessPolicy). */
  readonly userTokenNamesTenant?: boolean
  /** Whether a caller may act for a user of another tenant. Default: nobody may. */
  readonly mayActFor?: AccessPolicy['mayActFor']
  /**
   * This process is one of several that share the ports of the proxies: whoever started them tells their health. The
   * port is that with which service channels name all of them; 0 for the own one.
   */
  readonly worker?: { readonly clusterPort: number }
  /** Writes a line of audit, `[AUDIT-EVENT] …`, where the operator collects them. */
  readonly audit?: (line: string) => void
  readonly clock: Clock
  readonly log: Log
}

export interface RunningConnectivityProxy extends RunningApp {
  /** 0 when the proxy is switched off. */
  readonly httpPort: number
  readonly socks5Port: number
  /** RFC and LDAP. */
  readonly rfcPort: number
  readonly tunnelPort: number
  /** Base URL of `/healthcheck`, `/health/live` and `/health/ready`; '' in a worker. */
  readonly healthUrl: string
  /** Resolves when `ready` is true for the first time. */
  whenReady(): Promise<void>
  /** Open tunnels, for monitoring. */
  tunnelCount(): number
  /** Open tunnel connections of service channels. */
  channelCount(): number
  metrics(): Promise<MetricsSnapshot>
  /** Stops accepting and waits until open exchanges are done, at most `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>
}

interface Listeners {
  http?: Listener
  socks5?: Listener
  rfc?: Listener
  health?: Closeable & { readonly url: string }
}

/**
 * Starts the proxies for applications and the tunnel server for Cloud Connectors.
 * @throws PlatformError CONFIG_INVALID with every problem, PORT_IN_USE, or CONNECTOR_AUTHORITIES_UNAVAILABLE when no CA is given
 */
export async function startConnectivityProxy(options: ConnectivityProxyOptions): Promise<RunningConnectivityProxy> {
  const { config, clock, log } = options
  const problems = configProblems(config)
  if (problems.length > 0) throw new PlatformError('CONFIG_INVALID', { file: 'connectivity proxy', problems })
  report(config, log)

  const authorities = newAuthorities(options)
  const connectorCa = await firstAuthorities(authorities, options.tls.connectorCa)
  const source = new MappingSource(config, clock, log)
  const service = new ServiceClient({
    ...options.service,
    tunnelServer: { host: config.servers.businessDataTunnel.externalHost, certificate: options.tls.cert },
    clock,
    log,
  })
  const table = new TunnelTable(service, addressOf(config, 0), clock)
  const channels = newChannelDesk(options, table, source, service)
  const tunnelServer = newTunnelServer({ ...options, tls: { ...options.tls, connectorCa } }, table, channels)
  const tunnelPort = await tunnelServer.listen().catch(async (failure: unknown) => {
    source.close()
    await authorities?.close()
    throw failure
  })
  authorities?.follow((ca) => tunnelServer.trustConnectors(ca))
  table.announce(addressOf(config, tunnelPort))
  const { http, socks5, rfc } = newFronts(options, table)

  let isOpen = true
  const ready = () => isOpen && service.isSynchronised
  const metrics = new ProxyMetrics({
    connections: () => ({
      http: http.connectionCount,
      socks5: socks5.connectionCount,
      rfcAndLdap: rfc.connectionCount,
    }),
    tunnels: () => ({ ...loadOf(table), channels: channels.size }),
    ready,
  })
  const listeners: Listeners = {}
  const { proxy } = config.servers
  const open = (name: ProxyName, front: { accept(socket: Socket): void }): Promise<Listener> => {
    const { host, port } = listenerOf(proxy[name])
    const accept = (socket: Socket): void => {
      metrics.accepted(name)
      front.accept(socket)
    }
    return Listener.open(host, port, `servers.proxy.${name}.port`, accept, options.worker !== undefined)
  }
  try {
    if (proxy.http.enabled) listeners.http = await open('http', http)
    if (proxy.socks5.enabled) listeners.socks5 = await open('socks5', socks5)
    if (proxy.rfcAndLdap.enabled) listeners.rfc = await open('rfcAndLdap', rfc)
    const { metrics: showsMetrics, ...place } = config.landbridge.health
    const text = showsMetrics ? { metrics: textOf(metrics) } : {}
    if (options.worker === undefined) listeners.health = await startHealth({ ...place, ready, ...text, log })
  } catch (failure) {
    http.close()
    void listeners.http?.close()
    void listeners.socks5?.close()
    void listeners.rfc?.close()
    source.close()
    await authorities?.close()
    await tunnelServer.close()
    await service.close()
    throw failure
  }
  const { health } = listeners
  const following = service.follow(table, channels)
  log.info('proxy.started', {
    httpPort: listeners.http?.port,
    socks5Port: listeners.socks5?.port,
    rfcPort: listeners.rfc?.port,
    tunnelPort,
  })

  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    isOpen = false
    source.close()
    const stopped = [listeners.http?.close(), listeners.socks5?.close(), listeners.rfc?.close()]
    http.close()
    socks5.close()
    rfc.close()
    table.close()
    await authorities?.close()
    await tunnelServer.close()
    await service.close()
    await following
    await Promise.all(stopped)
    await health?.close()
  }
  return {
    name: 'connectivity-proxy',
    url: `http://127.0.0.1:${listeners.http?.port ?? 0}`,
    httpPort: listeners.http?.port ?? 0,
    socks5Port: listeners.socks5?.port ?? 0,
    rfcPort: listeners.rfc?.port ?? 0,
    tunnelPort,
    healthUrl: health?.url ?? '',
    tunnelCount: () => loadOf(table).count,
    channelCount: () => channels.size,
    metrics: () => metrics.snapshot(),
    ready,
    whenReady: () => service.synchronised,
    async drain(timeoutMs) {
      isOpen = false
      const { http: web, socks5, rfc } = listeners
      const idle = Promise.all([channels.drain(), web?.close(), socks5?.close(), rfc?.close()])
      http.drain()
      await Promise.race([idle, new Promise<void>((resolve) => clock.after(timeoutMs, resolve))])
      table.drain()
    },
    close: () => (closing ??= close()),
  }
}

function newAuthorities({ service, clock, log }: ConnectivityProxyOptions): ConnectorAuthorities | undefined {
  const { caListUrl: url, ca } = service
  return url === undefined
    ? undefined
    : new ConnectorAuthorities({ url, clock, log, ...(ca === undefined ? {} : { ca }) })
}

async function firstAuthorities(authorities: ConnectorAuthorities | undefined, given: string): Promise<string> {
  if (authorities === undefined) return given
  return authorities.first(given).catch(async (failure: unknown) => {
    await authorities.close()
    throw failure
  })
}

function report(config: ConnectivityProxyConfig, log: Log): void {
  const keys = settingsWithoutEffect(config)
  if (keys.length > 0) log.info('proxy.settings-without-effect', { keys })
  const open = proxiesOpenToNetwork(config)
  if (open.length > 0) log.warn('proxy.open-to-network', { proxies: open })
}

function addressOf({ servers, landbridge, displayName }: ConnectivityProxyConfig, tunnelPort: number): ProxyAddress {
  const { externalHost, externalPort } = servers.businessDataTunnel
  return {
    host: landbridge.externalAddress === '' ? externalHost : landbridge.externalAddress,
    port: externalPort === 0 ? tunnelPort : externalPort,
    serverName: externalHost,
    proxyId: landbridge.proxyId === '' ? randomSecret(9) : landbridge.proxyId,
    displayName,
  }
}

function newChannelDesk(
  { config, worker, clock, log }: ConnectivityProxyOptions,
  table: TunnelTable,
  { mappings }: MappingSource,
  broker: ServiceClient,
): ChannelDesk {
  const { serviceChannels, landbridge, servers } = config
  const clusterHost = landbridge.clusterHost === '' ? servers.businessDataTunnel.externalHost : landbridge.clusterHost
  return new ChannelDesk({
    enabled: serviceChannels.enabled,
    clusterHost: clusterHost.toLowerCase(),
    ...(worker === undefined || worker.clusterPort === 0 ? {} : { clusterPort: worker.clusterPort }),
    mappings,
    maxConnections: landbridge.maxChannelConnections,
    broker,
    address: () => table.address,
    clock,
    log,
  })
}

function newTunnelServer(
  { config, tls, audit, clock, log }: ConnectivityProxyOptions,
  table: TunnelTable,
  channels: ChannelDesk,
): TunnelServer {
  const { port, externalHost, strictSniEnabled } = config.servers.businessDataTunnel
  const { connectorCa: ca, ...certificate } = tls
  return new TunnelServer({
    host: config.landbridge.tunnelBindAddress,
    port,
    ...certificate,
    ca,
    ...(strictSniEnabled && isIP(externalHost) === 0 ? { onlyServerName: externalHost } : {}),
    table,
    channels,
    heartbeatMs: config.landbridge.timeouts.heartbeatMs,
    ...(audit === undefined ? {} : { audit: (handshake) => audit(handshakeAudit(handshake)) }),
    clock,
    log,
  })
}

interface Fronts {
  readonly http: HttpFront
  readonly socks5: SocksFront
  readonly rfc: SocksFront
}

function newFronts(options: ConnectivityProxyOptions, tunnels: TunnelTable): Fronts {
  const { config, verifier, clock, log, service } = options
  const { http, socks5, rfcAndLdap, clientConnection } = config.servers.proxy
  const shared = { tunnels, clock, log }
  const policy = {
    config,
    instance: service.instance,
    userTokenNamesTenant: options.userTokenNamesTenant ?? false,
    mayActFor: options.mayActFor ?? (() => false),
  }
  return {
    http: new HttpFront({
      ...shared,
      authorizer: new Authorizer(accessPolicy(policy, http.enableProxyAuthorization), verifier),
      timeouts: { ...config.landbridge.timeouts, writeMs: clientConnection.writeTimeoutSeconds * 1_000 },
    }),
    socks5: new SocksFront({
      ...shared,
      authorizer: new Authorizer(accessPolicy(policy, socks5.enableProxyAuthorization), verifier),
    }),
    rfc: new SocksFront({
      ...shared,
      authorizer: new Authorizer(accessPolicy(policy, rfcAndLdap.enableProxyAuthorization), verifier),
      target: rfcTarget,
      passesUsers: true,
    }),
  }
}

function loadOf(table: TunnelTable): { readonly count: number; readonly streams: number } {
  const tunnels = [...table.tunnels()]
  return { count: tunnels.length, streams: tunnels.reduce((sum, { session }) => sum + session.streamCount, 0) }
}

function textOf({ registry }: ProxyMetrics): { readonly contentType: string; text(): Promise<string> } {
  return { contentType: registry.contentType, text: () => registry.metrics() }
}
