import { Counter, Gauge, Registry } from 'prom-client'

/** The metrics of one process, as they travel from a worker to whoever merges them. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** The proxies for applications, by the names of their sections in the configuration. */
export type ProxyName = 'http' | 'rfcAndLdap' | 'socks5'

/** What a proxy tells at the moment of a scrape. */
export interface ProxyFigures {
  /** Open connections of applications. */
  connections(): Readonly<Record<ProxyName, number>>
  /** Tunnel connections of Cloud Connectors, and what runs over them. */
  tunnels(): { readonly count: number; readonly streams: number; readonly channels: number }
  ready(): boolean
}

/** Counts what a connectivity proxy does, in the text form of Prometheus or as a snapshot. Nothing is counted per request. */
export class ProxyMetrics {
  readonly registry: Registry
  readonly #accepted: Counter<'proxy'>

  constructor(figures: ProxyFigures) {
    this.registry = new Registry()
    const registers = [this.registry]
    this.#accepted = new Counter({
      name: 'landbridge_proxy_connections_total',
      help: 'Connections that the proxies for applications have accepted.',
      labelNames: ['proxy'],
      registers,
    })
    for (const proxy of ['http', 'rfcAndLdap', 'socks5'] as const) this.#accepted.inc({ proxy }, 0)
    new Gauge({
      name: 'landbridge_proxy_connections',
      help: 'Open connections of applications.',
      labelNames: ['proxy'],
      registers,
      collect() {
        for (const [proxy, count] of Object.entries(figures.connections())) this.set({ proxy }, count)
      },
    })
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      })
    }
    // The name that later releases of the original have.
    gauge('connectivity_business_data_tunnels_count', 'Open tunnel connections of Cloud Connectors.', () => {
      return figures.tunnels().count
    })
    gauge('landbridge_proxy_tunnel_streams', 'Virtual connections that are open in tunnels.', () => {
      return figures.tunnels().streams
    })
    gauge('landbridge_proxy_channel_tunnels', 'Open tunnel connections of service channels.', () => {
      return figures.tunnels().channels
    })
    gauge('landbridge_proxy_ready', '1 while the proxy is in touch with the connectivity service.', () => {
      return figures.ready() ? 1 : 0
    })
    gauge('process_resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss())
    let countedUs = 0
    new Counter({
      name: 'process_cpu_seconds_total',
      help: 'Processor time of the process, user and system.',
      registers,
      collect() {
        const { user, system } = process.cpuUsage()
        this.inc((user + system - countedUs) / 1_000_000)
        countedUs = user + system
      },
    })
  }

  accepted(proxy: ProxyName): void {
    this.#accepted.inc({ proxy })
  }

  snapshot(): Promise<MetricsSnapshot> {
    return this.registry.getMetricsAsJSON()
  }
}
