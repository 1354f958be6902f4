const hourMs = 3_600_000
const hours = 24

/** Bytes of one hour of the last 24; the hour is named by its beginning in milliseconds since 1970. */
export interface HourOfBytes {
  readonly hourMs: number
  readonly bytesReceived: number
  readonly bytesSent: number
}

/** The throughput of the last 24 hours. It is fed with running totals now and then, not with every request. */
export class HourlyBytes {
  readonly #received = new Float64Array(hours)
  readonly #sent = new Float64Array(hours)
  readonly #hours = new Float64Array(hours)
  #lastReceived: number
  #lastSent: number

  constructor(totals: { readonly bytesReceived: number; readonly bytesSent: number }) {
    this.#lastReceived = totals.bytesReceived
    this.#lastSent = totals.bytesSent
  }

  /** What came since the last sample belongs to the hour of `nowMs`. */
  sample({ bytesReceived, bytesSent }: { bytesReceived: number; bytesSent: number }, nowMs: number): void {
    const hour = Math.floor(nowMs / hourMs)
    const at = hour % hours
    if (this.#hours[at] !== hour) {
      this.#hours[at] = hour
      this.#received[at] = 0
      this.#sent[at] = 0
    }
    // Totals that fell were reset.
    this.#received[at]! += Math.max(0, bytesReceived - this.#lastReceived)
    this.#sent[at]! += Math.max(0, bytesSent - this.#lastSent)
    this.#lastReceived = bytesReceived
    this.#lastSent = bytesSent
  }

  /** The last 24 hours, oldest first, with the hours of silence. */
  read(nowMs: number): readonly HourOfBytes[] {
    const last = Math.floor(nowMs / hourMs)
    return Array.from({ length: hours }, (_, index) => {
      const hour = last - hours + 1 + index
      const at = hour % hours
      const isKnown = this.#hours[at] === hour
      return {
        hourMs: hour * hourMs,
        bytesReceived: isKnown ? this.#received[at]! : 0,
        bytesSent: isKnown ? this.#sent[at]! : 0,
      }
    })
  }
}
