import type { ConnectivityProxyConfig } from '../config.ts'
import type { ProxyName } from '../metrics/proxy-metrics.ts'

/** Ports that the workers of a proxy listen on; absent where a proxy is switched off. */
export type SharedPorts = Readonly<Partial<Record<ProxyName, number>>>

export interface WorkerPlace {
  /** From 1. */
  readonly worker: number
  /** Name of the whole proxy. */
  readonly proxyId: string
  readonly ports: SharedPorts
  /** Port that the tunnel server of this worker had before; 0 when it is the first. */
  readonly tunnelPort: number
}

/** What the configuration of a proxy says that cannot hold for `count` workers, one line for each problem. */
export function workerProblems(config: ConnectivityProxyConfig, count: number): readonly string[] {
  const { port, externalPort } = config.servers.businessDataTunnel
  const problems: string[] = []
  for (const [key, first] of [
    ['port', port],
    ['externalPort', externalPort],
  ] as const)
    if (first > 0 && first + count - 1 > 65_535)
      problems.push(
        `servers.businessDataTunnel.${key}: expected at most ${65_536 - count} because ${count} workers take as many ports from there on, found ${first}`,
      )
  if (port > 0)
    for (const [key, other] of otherPorts(config))
      if (other > port && other < port + count)
        problems.push(
          `${key}: expected a port outside ${port} to ${port + count - 1}, which the tunnel servers of ${count} workers take, found ${other}`,
        )
  return problems
}

/** Proxies that listen, with the host and the port that each of them has. */
export function sharedListeners({ servers }: ConnectivityProxyConfig) {
  return (['http', 'socks5', 'rfcAndLdap'] as const)
    .filter((name) => servers.proxy[name].enabled)
    .map((name) => ({ name, ...listenerOf(servers.proxy[name]), setting: `servers.proxy.${name}.port` }))
}

export function listenerOf(proxy: { readonly port: number; readonly allowRemoteConnections: boolean }) {
  return { host: proxy.allowRemoteConnections ? '0.0.0.0' : '127.0.0.1', port: proxy.port }
}

/**
 * The configuration of one worker. It shares the ports of the proxies; to connectors it is a replica of its own, with its
 * own name and the next port, because a ticket is good for the process that made it.
 */
export function workerConfig(config: ConnectivityProxyConfig, place: WorkerPlace): ConnectivityProxyConfig {
  const { servers, landbridge } = config
  const { businessDataTunnel: tunnel, proxy } = servers
  const index = place.worker - 1
  const shared = <P extends { readonly port: number }>(name: ProxyName, section: P): P => ({
    ...section,
    port: place.ports[name] ?? section.port,
  })
  return {
    ...config,
    servers: {
      businessDataTunnel: {
        ...tunnel,
        port: tunnel.port === 0 ? place.tunnelPort : tunnel.port + index,
        externalPort: tunnel.externalPort === 0 ? 0 : tunnel.externalPort + index,
      },
      proxy: {
        ...proxy,
        http: shared('http', proxy.http),
        socks5: shared('socks5', proxy.socks5),
        rfcAndLdap: shared('rfcAndLdap', proxy.rfcAndLdap),
      },
    },
    landbridge: { ...landbridge, proxyId: `${place.proxyId}-${place.worker}` },
  }
}

/** Port with which service channels name the whole proxy: that of its first worker, where it is known beforehand. */
export function clusterPort({ servers }: ConnectivityProxyConfig): number {
  const { port, externalPort } = servers.businessDataTunnel
  return externalPort === 0 ? port : externalPort
}

function otherPorts(config: ConnectivityProxyConfig): readonly (readonly [key: string, port: number])[] {
  return [
    ...sharedListeners(config).map(({ setting, port }) => [setting, port] as const),
    ['landbridge.health.port', config.landbridge.health.port] as const,
  ]
}
