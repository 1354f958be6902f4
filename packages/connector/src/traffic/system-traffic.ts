import type { ResourceIndex, System } from '@landbridge/access'
import { bucketBoundsMs } from './duration-buckets.ts'
import { HourlyBytes, type HourOfBytes } from './hourly-bytes.ts'
import { sumOf, type Usage, UsageCounter } from './usage.ts'

/** What is counted for one virtual host and port, whatever its mapping looks like over time. */
export class SystemTraffic {
  readonly virtualHost: string
  readonly virtualPort: string
  protocol: string
  internalBackend: string
  /** Calls by duration; the bounds are those of `bucketBoundsMs`. */
  readonly buckets = new Uint32Array(bucketBoundsMs.length)
  readonly #usage: Map<string, UsageCounter>
  #hourly: HourlyBytes
  /** Connections that no pool knows: TCP, LDAP, RFC, and what changed protocol. */
  openConnections = 0

  constructor(system: System) {
    this.virtualHost = system.virtualHost
    this.virtualPort = system.virtualPort
    this.protocol = system.protocol
    this.internalBackend = internalBackendOf(system)
    this.#usage = new Map()
    this.#hourly = new HourlyBytes(sumOf([]))
  }

  get virtualBackend(): string {
    return `${this.virtualHost}:${this.virtualPort}`
  }

  counter(resource: string): UsageCounter {
    const known = this.#usage.get(resource)
    if (known !== undefined) return known
    const counter = new UsageCounter()
    this.#usage.set(resource, counter)
    return counter
  }

  /** Counters by resource; a resource that is not named was never used. */
  get usage(): ReadonlyMap<string, UsageCounter> {
    return this.#usage
  }

  restore(resource: string, usage: Usage): void {
    this.counter(resource).restore(usage)
    this.#hourly = new HourlyBytes(this.#total())
  }

  /** Forgets resources that do not exist any more. */
  retain(resources: ReadonlySet<string>): void {
    for (const name of this.#usage.keys()) if (!resources.has(name)) this.#usage.delete(name)
  }

  clearUsage(): void {
    for (const counter of this.#usage.values()) counter.clear()
    this.#hourly = new HourlyBytes(sumOf([]))
  }

  sample(nowMs: number): void {
    this.#hourly.sample(this.#total(), nowMs)
  }

  hours(nowMs: number): readonly HourOfBytes[] {
    this.sample(nowMs)
    return this.#hourly.read(nowMs)
  }

  #total(): Usage {
    return sumOf(Array.from(this.#usage.values(), (counter) => counter.read()))
  }
}

/** A mapping as it was compiled, tied to its counts. */
export interface Meter {
  readonly traffic: SystemTraffic
  /** Null for protocols without resources. */
  readonly resources: ResourceIndex | null
  /** By position in `resources.names`. */
  readonly counters: readonly UsageCounter[]
}

/** `host:port` of the system, or its service where it has no number. */
export function internalBackendOf({ internalHost, internalPort, internalService }: System): string {
  return `${internalHost}:${internalPort === 0 ? internalService : internalPort}`
}
