import type { Placement } from '../host/placement.ts'
import type { Entry } from '../peers/peer.ts'

/** One run of the small request. Latencies in microseconds. */
export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly p50Us: number
  readonly p99Us: number
  /** Answers other than 2xx, broken connections and timeouts: anything above 0 spoils the run. */
  readonly errors: number
}

/** Keeps `connections` connections busy, one request at a time on each, for `seconds` (a whole number). */
export interface LoadGenerator {
  readonly name: string
  run(entry: Entry, path: string, connections: number, seconds: number, placement?: Placement): Promise<LoadResult>
}

/** The bytes of one request to an entry, as any of our generators sends it. */
export function requestHead(
  entry: Entry,
  method: string,
  path: string,
  extra: Readonly<Record<string, string>> = {},
): Buffer {
  const headers = { Host: hostOf(entry), ...entry.headers, ...extra }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${entry.targetPrefix}${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
}

/** The host a request names: the virtual one behind a forward proxy, otherwise the entry itself. */
export function hostOf(entry: Entry): string {
  return entry.targetPrefix === '' ? `${entry.host}:${entry.port}` : entry.targetPrefix.replace('http://', '')
}
