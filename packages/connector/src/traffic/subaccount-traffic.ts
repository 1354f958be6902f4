import type { ResourceIndex, System } from '@landbridge/access'
import type { Clock } from '@landbridge/kernel'
import { mappingKey } from '../configuration/model.ts'
import { bucketBoundsMs, bucketOf } from './duration-buckets.ts'
import { Measurement } from './measurement.ts'
import { RequestLog, type RequestRecord, TopTimeConsumers } from './request-log.ts'
import { internalBackendOf, type Meter, SystemTraffic } from './system-traffic.ts'
import { TickClock } from './tick-clock.ts'
import type { Usage } from './usage.ts'

/** As many requests at a time cost no allocation. */
const maxFree = 1_000

export interface SystemPerformance {
  readonly virtualHost: string
  readonly virtualPort: string
  readonly protocol: string
  readonly buckets: readonly { readonly minimumMs: number; readonly calls: number }[]
}

/** What passes through one subaccount, for monitoring. Recording a request allocates nothing. */
export class SubaccountTraffic {
  readonly #clock: Clock
  readonly #ticks: TickClock
  readonly #systems: Map<string, SystemTraffic>
  #meters: WeakMap<System, Meter>
  readonly #log: RequestLog
  readonly #top: TopTimeConsumers
  readonly #free: Measurement[]
  /** The last mapping that was asked for, which is usually the next one too. */
  #lastSystem: System | null
  #lastMeter: Meter | null
  /** Since when there are durations, longest requests and usage, in milliseconds since 1970. */
  performanceSinceMs: number
  topSinceMs: number
  usageSinceMs: number

  constructor(clock: Clock, monotonicMs?: () => number) {
    this.#clock = clock
    this.#ticks = new TickClock(clock.now(), monotonicMs)
    this.#systems = new Map()
    this.#meters = new WeakMap()
    this.#log = new RequestLog()
    this.#top = new TopTimeConsumers()
    this.#free = []
    this.#lastSystem = null
    this.#lastMeter = null
    this.performanceSinceMs = clock.now()
    this.topSinceMs = clock.now()
    this.usageSinceMs = clock.now()
  }

  /** Begins to follow a request; `Measurement.end` must be called. */
  begin(): Measurement {
    const measurement = this.#free.pop() ?? new Measurement(this)
    measurement.begin()
    return measurement
  }

  /** A measurement that has ended serves another request. */
  takeBack(measurement: Measurement): void {
    if (this.#free.length < maxFree) this.#free.push(measurement)
  }

  /** Tenths of a millisecond; only differences count, taken as `(later - earlier) | 0`. */
  ticks(): number {
    return this.#ticks.ticks()
  }

  /** Where requests to a system are counted. @param resources of its mapping; null for protocols without. */
  meterOf(system: System, resources: ResourceIndex | null): Meter {
    if (this.#lastSystem === system && this.#lastMeter !== null) return this.#lastMeter
    const meter = this.#meters.get(system) ?? this.#newMeter(system, resources)
    this.#lastSystem = system
    this.#lastMeter = meter
    return meter
  }

  /** Counts a request or call that reached its system. All times in ticks. */
  record(
    meter: Meter,
    resource: string,
    user: string,
    startTick: number,
    receivedBytes: number,
    sentBytes: number,
    total: number,
    external: number,
    open: number,
    validate: number,
    generate: number,
    latency: number,
  ): void {
    const { traffic } = meter
    traffic.buckets[bucketOf(total)]! += 1
    const startMs = this.#ticks.epochMs(startTick)
    this.#count(meter, resource, 1, receivedBytes, sentBytes, startMs)
    const id = this.#log.add(
      traffic,
      resource,
      user,
      startMs,
      receivedBytes,
      sentBytes,
      total,
      external,
      open,
      validate,
      generate,
      latency,
    )
    if (this.#top.admits(total)) this.#top.add(this.#log.read(id))
  }

  /** Counts what passed after a request was recorded. */
  count(meter: Meter, resource: string, calls: number, received: number, sent: number): void {
    this.#count(meter, resource, calls, received, sent, this.#clock.now())
  }

  #count(meter: Meter, resource: string, calls: number, received: number, sent: number, atMs: number): void {
    const at = meter.resources === null ? -1 : meter.resources.find(resource)
    if (at >= 0) meter.counters[at]!.count(calls, received, sent, atMs)
  }

  performance(): readonly SystemPerformance[] {
    return Array.from(this.#systems.values())
      .filter(({ buckets }) => buckets.some((calls) => calls > 0))
      .map(({ virtualHost, virtualPort, protocol, buckets }) => ({
        virtualHost,
        virtualPort,
        protocol,
        buckets: Array.from(buckets, (calls, at) => ({ minimumMs: bucketBoundsMs[at] as number, calls })),
      }))
  }

  /** Newest first. */
  recentRequests(): readonly RequestRecord[] {
    return this.#log.list()
  }

  /** Longest first. */
  topTimeConsumers(): readonly RequestRecord[] {
    return this.#top.list()
  }

  /** By the key of the mapping. */
  get systems(): ReadonlyMap<string, SystemTraffic> {
    return this.#systems
  }

  /** The counts of a virtual host, made if there are none yet. */
  systemOf(system: System): SystemTraffic {
    const key = mappingKey(system.virtualHost, system.virtualPort)
    const known = this.#systems.get(key)
    if (known === undefined) {
      const traffic = new SystemTraffic(system)
      this.#systems.set(key, traffic)
      return traffic
    }
    known.protocol = system.protocol
    known.internalBackend = internalBackendOf(system)
    return known
  }

  /** Adds what a resource of a mapping was used for in an earlier life of the process. */
  restoreUsage(system: System, resource: string, usage: Usage): void {
    this.systemOf(system).restore(resource, usage)
  }

  /** Durations, most recent and longest requests start over (guide L29160). */
  clearPerformance(): void {
    for (const { buckets } of this.#systems.values()) buckets.fill(0)
    this.#log.clear()
    this.performanceSinceMs = this.#clock.now()
    this.clearTopTimeConsumers()
  }

  /** Without effect on everything else (guide L29208). */
  clearTopTimeConsumers(): void {
    this.#top.clear()
    this.topSinceMs = this.#clock.now()
  }

  clearUsage(): void {
    for (const system of this.#systems.values()) system.clearUsage()
    this.usageSinceMs = this.#clock.now()
  }

  /** Forgets what no mapping leads to any more. @param resourcesOf those of a mapping, by its key. */
  retain(resourcesOf: (key: string) => ReadonlySet<string> | undefined): void {
    for (const [key, system] of this.#systems) {
      const resources = resourcesOf(key)
      if (resources === undefined) this.#systems.delete(key)
      else system.retain(resources)
    }
    this.#meters = new WeakMap()
    this.#lastSystem = null
  }

  /** To be called every minute: keeps the hours of the throughput apart, and the ticks tied to the time of day. */
  sample(): void {
    const nowMs = this.#clock.now()
    this.#ticks.adjust(nowMs)
    for (const system of this.#systems.values()) system.sample(nowMs)
  }

  #newMeter(system: System, resources: ResourceIndex | null): Meter {
    const traffic = this.systemOf(system)
    const counters = (resources?.names ?? []).map((name) => traffic.counter(name))
    const meter = { traffic, resources, counters }
    this.#meters.set(system, meter)
    return meter
  }
}
