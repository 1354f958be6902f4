/** What passed through a resource or a virtual host. Bytes as the connector sees them. */
export interface Usage {
  /** From the cloud. */
  readonly bytesReceived: number
  /** To the cloud. */
  readonly bytesSent: number
  readonly calls: number
  /** Milliseconds since 1970; 0: never. */
  readonly mostRecentAccessMs: number
}

export const noUsage: Usage = { bytesReceived: 0, bytesSent: 0, calls: 0, mostRecentAccessMs: 0 }

/** The running count of one resource. */
export class UsageCounter {
  /** Calls, bytes received, bytes sent, time of the last access: one array, so that counting allocates nothing. */
  readonly #values = new Float64Array(4)
  /** Rises with every count: who stores it sees what is new. */
  changes = 0

  count(calls: number, received: number, sent: number, atMs: number): void {
    const values = this.#values
    values[0]! += calls
    values[1]! += received
    values[2]! += sent
    values[3] = atMs
    this.changes += 1
  }

  /** Adds what was counted in an earlier life. */
  restore({ calls, bytesReceived, bytesSent, mostRecentAccessMs }: Usage): void {
    this.count(calls, bytesReceived, bytesSent, Math.max(this.#values[3]!, mostRecentAccessMs))
  }

  read(): Usage {
    const [calls = 0, bytesReceived = 0, bytesSent = 0, atMs = 0] = this.#values
    return { bytesReceived, bytesSent, calls, mostRecentAccessMs: Math.floor(atMs) }
  }

  clear(): void {
    this.#values.fill(0)
    this.changes += 1
  }
}

export function sumOf(usages: Iterable<Usage>): Usage {
  let { bytesReceived, bytesSent, calls, mostRecentAccessMs } = noUsage
  for (const usage of usages) {
    bytesReceived += usage.bytesReceived
    bytesSent += usage.bytesSent
    calls += usage.calls
    mostRecentAccessMs = Math.max(mostRecentAccessMs, usage.mostRecentAccessMs)
  }
  return { bytesReceived, bytesSent, calls, mostRecentAccessMs }
}
