import type { SystemTraffic } from './system-traffic.ts'
import { ticksPerMs } from './tick-clock.ts'

/** Requests that the list of the most recent ones holds (guide L29169). */
export const recentRequests = 50
/** Requests that the list of the longest ones holds. */
export const topTimeConsumers = 50

/** Where the time of a request went, in milliseconds; the parts do not exceed the total. */
export interface RequestTimes {
  readonly totalMs: number
  /** The system worked. */
  readonly externalMs: number
  /** A connection to the system was opened. */
  readonly openRemoteMs: number
  readonly validateSsoMs: number
  readonly generateSsoMs: number
  /** The connector waited for the cloud side: for the rest of a request, or for the reader of an answer. */
  readonly latencyMs: number
}

/** One request or call that reached a system. */
export interface RequestRecord extends RequestTimes {
  /** Rises with every request of the subaccount. */
  readonly id: number
  readonly startMs: number
  readonly protocol: string
  readonly virtualBackend: string
  readonly internalBackend: string
  /** Path without query, or function module. */
  readonly resource: string
  readonly user: string
  /** From the cloud. */
  readonly receivedBytes: number
  /** To the cloud. */
  readonly sentBytes: number
}

const columns = { total: 0, external: 1, open: 2, validate: 3, generate: 4, latency: 5 } as const
const width = 6

/** The most recent requests, in arrays that are written over and over: a request costs no allocation. */
export class RequestLog {
  readonly #ticks = new Int32Array(recentRequests * width)
  readonly #numbers = new Float64Array(recentRequests * 4)
  readonly #systems: (SystemTraffic | null)[] = new Array(recentRequests).fill(null)
  readonly #resources: string[] = new Array(recentRequests).fill('')
  readonly #users: string[] = new Array(recentRequests).fill('')
  #id = 0
  #count = 0

  /** All times in ticks. @returns the ID of the request. */
  add(
    system: SystemTraffic,
    resource: string,
    user: string,
    startMs: number,
    receivedBytes: number,
    sentBytes: number,
    total: number,
    external: number,
    open: number,
    validate: number,
    generate: number,
    latency: number,
  ): number {
    const id = ++this.#id
    const at = id % recentRequests
    const ticks = this.#ticks
    ticks[at * width + columns.total] = total
    ticks[at * width + columns.external] = external
    ticks[at * width + columns.open] = open
    ticks[at * width + columns.validate] = validate
    ticks[at * width + columns.generate] = generate
    ticks[at * width + columns.latency] = latency
    this.#numbers[at * 4] = id
    this.#numbers[at * 4 + 1] = startMs
    this.#numbers[at * 4 + 2] = receivedBytes
    this.#numbers[at * 4 + 3] = sentBytes
    this.#systems[at] = system
    this.#resources[at] = resource
    this.#users[at] = user
    if (this.#count < recentRequests) this.#count += 1
    return id
  }

  /** A request that is still in the log. */
  read(id: number): RequestRecord {
    const at = id % recentRequests
    const [, startMs = 0, receivedBytes = 0, sentBytes = 0] = this.#numbers.subarray(at * 4, at * 4 + 4)
    const time = (column: number): number => Math.max(0, this.#ticks[at * width + column]!) / ticksPerMs
    const system = this.#systems[at]
    return {
      id,
      startMs,
      protocol: system?.protocol ?? '',
      virtualBackend: system?.virtualBackend ?? '',
      internalBackend: system?.internalBackend ?? '',
      resource: withoutQuery(this.#resources[at] ?? ''),
      user: this.#users[at] ?? '',
      receivedBytes,
      sentBytes,
      totalMs: time(columns.total),
      externalMs: time(columns.external),
      openRemoteMs: time(columns.open),
      validateSsoMs: time(columns.validate),
      generateSsoMs: time(columns.generate),
      latencyMs: time(columns.latency),
    }
  }

  /** Newest first. */
  list(): readonly RequestRecord[] {
    return Array.from({ length: this.#count }, (_, age) => this.read(this.#id - age))
  }

  clear(): void {
    this.#count = 0
    this.#systems.fill(null)
    this.#resources.fill('')
    this.#users.fill('')
  }
}

/** The longest requests. Once it is full, nearly every request costs one comparison. */
export class TopTimeConsumers {
  readonly #requests: RequestRecord[] = []
  /** Ticks of the shortest one that counts; shorter requests have no place. */
  #least = -1

  /** @param total ticks of the request. */
  admits(total: number): boolean {
    return total > this.#least
  }

  add(request: RequestRecord): void {
    const at = this.#requests.findIndex((known) => known.totalMs < request.totalMs)
    this.#requests.splice(at < 0 ? this.#requests.length : at, 0, request)
    if (this.#requests.length > topTimeConsumers) this.#requests.pop()
    if (this.#requests.length === topTimeConsumers)
      this.#least = Math.round((this.#requests.at(-1)?.totalMs ?? 0) * ticksPerMs)
  }

  /** Longest first. */
  list(): readonly RequestRecord[] {
    return [...this.#requests]
  }

  clear(): void {
    this.#requests.length = 0
    this.#least = -1
  }
}

/** Queries may carry secrets. */
function withoutQuery(path: string): string {
  const query = path.indexOf('?')
  return query < 0 ? path : path.slice(0, query)
}
