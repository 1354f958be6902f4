import type { TokenVerifier, VerifiedToken } from '@landbridge/identity'
import { type Clock, type Log, PlatformError, type RunningApp, randomSecret } from '@landbridge/kernel'
import {
  type AccessPolicy,
  Authorizer,
  HttpFront,
  Listener,
  type ProxyAddress,
  SocksFront,
  TunnelServer,
  TunnelTable,
} from '@landbridge/proxy'
import { type ConnectivityProxyConfig, configProblems } from './config.ts'
import { ServiceClient, type ServiceClientOptions } from './service-client.ts'

export interface ConnectivityProxyOptions {
  readonly config: ConnectivityProxyConfig
  readonly verifier: TokenVerifier
  /** How this proxy is paired with the connectivity service. */
  readonly service: Omit<ServiceClientOptions, 'clock' | 'log'>
  /** Certificate of the tunnel server (PEM), and the CA that issues connector certificates. */
  readonly tls: { readonly cert: string; readonly key: string; readonly connectorCa: string }
  /** The tenant of a user token decides, as in the cloud service (see AccessPolicy). */
  readonly userTokenNamesTenant?: boolean
  readonly clock: Clock
  readonly log: Log
}

export interface RunningConnectivityProxy extends RunningApp {
  /** 0 when the proxy is switched off. */
  readonly httpPort: number
  readonly socks5Port: number
  readonly tunnelPort: number
  /** Open tunnels, for monitoring. */
  tunnelCount(): number
  /** Stops accepting and waits until open exchanges are done, at most `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>
}

/**
 * Starts the proxies for applications and the tunnel server for Cloud Connectors.
 * @throws PlatformError CONFIG_INVALID or PORT_IN_USE
 */
export async function startConnectivityProxy(options: ConnectivityProxyOptions): Promise<RunningConnectivityProxy> {
  const { config, clock, log, verifier } = options
  const problems = configProblems(config)
  if (problems.length > 0) throw new PlatformError('CONFIG_INVALID', { file: 'connectivity proxy', problems })

  const service = new ServiceClient({ ...options.service, clock, log })
  const { businessDataTunnel: tunnel, proxy } = config.servers
  const address: ProxyAddress = {
    host: tunnel.externalAddress === '' ? tunnel.externalHost : tunnel.externalAddress,
    port: tunnel.externalPort,
    serverName: tunnel.externalHost,
    proxyId: config.proxyId === '' ? randomSecret(9) : config.proxyId,
    displayName: config.displayName,
  }
  const table = new TunnelTable(service, address, clock)
  const { connectorCa: ca, ...certificate } = options.tls
  const tunnelServer = new TunnelServer({
    host: tunnel.host,
    port: tunnel.port,
    ...certificate,
    ca,
    table,
    heartbeatMs: config.timeouts.heartbeatMs,
    clock,
    log,
  })
  const tunnelPort = await tunnelServer.listen()
  table.announce({ ...address, port: tunnel.externalPort === 0 ? tunnelPort : tunnel.externalPort })

  const front = { tunnels: table, clock, log }
  const http = new HttpFront({
    ...front,
    authorizer: new Authorizer(policyOf(options, proxy.http.enableProxyAuthorization), verifier),
    timeouts: config.timeouts,
  })
  const socks5 = new SocksFront({
    ...front,
    authorizer: new Authorizer(policyOf(options, proxy.socks5.enableProxyAuthorization), verifier),
  })
  const listeners: { http?: Listener; socks5?: Listener } = {}
  try {
    if (proxy.http.enabled)
      listeners.http = await Listener.open(
        bindAddress(proxy.http),
        proxy.http.port,
        'servers.proxy.http.port',
        (socket) => http.accept(socket),
      )
    if (proxy.socks5.enabled)
      listeners.socks5 = await Listener.open(
        bindAddress(proxy.socks5),
        proxy.socks5.port,
        'servers.proxy.socks5.port',
        (socket) => socks5.accept(socket),
      )
  } catch (failure) {
    http.close()
    void listeners.http?.close()
    await tunnelServer.close()
    await service.close()
    throw failure
  }
  const following = service.follow(table)
  log.info('proxy.started', { httpPort: listeners.http?.port, socks5Port: listeners.socks5?.port, tunnelPort })

  let isOpen = true
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    isOpen = false
    const stopped = [listeners.http?.close(), listeners.socks5?.close()]
    http.close()
    socks5.close()
    table.close()
    await tunnelServer.close()
    await service.close()
    await following
    await Promise.all(stopped)
  }
  return {
    name: 'connectivity-proxy',
    url: `http://127.0.0.1:${listeners.http?.port ?? 0}`,
    httpPort: listeners.http?.port ?? 0,
    socks5Port: listeners.socks5?.port ?? 0,
    tunnelPort,
    tunnelCount: () => [...table.tunnels()].length,
    ready: () => isOpen && service.isSynchronised,
    async drain(timeoutMs) {
      isOpen = false
      const idle = Promise.all([listeners.http?.close(), listeners.socks5?.close()])
      http.drain()
      await Promise.race([idle, new Promise<void>((resolve) => clock.after(timeoutMs, resolve))])
      table.drain()
    },
    close: () => (closing ??= close()),
  }
}

function bindAddress(listener: { readonly allowRemoteConnections: boolean }): string {
  return listener.allowRemoteConnections ? '0.0.0.0' : '127.0.0.1'
}

function policyOf(options: ConnectivityProxyOptions, authorization: boolean): AccessPolicy {
  const { config } = options
  const { allowedClientId } = config.servers.proxy.authorization
  return {
    authorization,
    tenantMode: config.tenantMode,
    subaccountId: config.subaccountId,
    acceptClient: allowedClientId === '' ? isConnectivityBinding : (token) => token.clientId === allowedClientId,
    acceptServiceClient: isProxyBinding,
    userTokenNamesTenant: options.userTokenNamesTenant ?? false,
    // Subscriptions come with the destination service's tenancy; until then nobody acts for another tenant.
    mayActFor: () => false,
  }
}

/** Client IDs of bindings end in the application name of their service: `sb-<clone>!b<n>|connectivity!b<n>`. */
function isConnectivityBinding(token: VerifiedToken): boolean {
  return /\|connectivity!b\d+$/.test(token.clientId)
}

function isProxyBinding(token: VerifiedToken): boolean {
  return /\|connectivity-?_?proxy!b\d+$/.test(token.clientId)
}
