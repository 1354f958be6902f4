import type { SubaccountTraffic } from './subaccount-traffic.ts'
import type { Meter } from './system-traffic.ts'

/**
 * Follows one request: what passed, and where the time went. It is used again for another request once it has ended:
 * whoever ends it must forget it. Two readings of the clock for the usual request.
 */
export class Measurement {
  readonly #traffic: SubaccountTraffic
  #meter: Meter | null = null
  #resource = ''
  #user = ''
  /** Ticks at which something happened. */
  #started = 0
  #validated = 0
  #sent = 0
  #paused = 0
  /** Ticks that something took. */
  #identity = 0
  #validation = 0
  #opening = 0
  #waiting = 0
  #isPaused = false
  receivedBytes = 0
  sentBytes = 0

  constructor(traffic: SubaccountTraffic) {
    this.#traffic = traffic
  }

  begin(): void {
    this.#meter = null
    this.#started = this.#traffic.ticks()
    this.#sent = this.#started
    this.#validated = this.#started
    this.#identity = 0
    this.#validation = 0
    this.#opening = 0
    this.#waiting = 0
    this.#isPaused = false
    this.receivedBytes = 0
    this.sentBytes = 0
  }

  /** The token of a user, which the request had to wait for, is good. */
  tokenValidated(): void {
    this.#validated = this.#traffic.ticks()
  }

  /** What the system wants to know of the user is made: the request goes on. */
  identityMade(): void {
    this.#sent = this.#traffic.ticks()
    this.#validation = (this.#validated - this.#started) | 0
    this.#identity = (this.#sent - this.#validated) | 0
  }

  /** The request goes to its system. @param resource path with query, or function module. */
  reached(meter: Meter, resource: string, user: string): void {
    this.#meter = meter
    this.#resource = resource
    this.#user = user
  }

  /** The connection to the system, which had to be opened, is open. */
  opened(): void {
    this.#opening = (this.#traffic.ticks() - this.#sent) | 0
  }

  /** The last byte of a request that came in several pieces is there. */
  requestCompleted(): void {
    this.#waiting = Math.max(0, (this.#traffic.ticks() - this.#sent - this.#opening) | 0)
  }

  /** The reader of the answer is slow. */
  paused(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#paused = this.#traffic.ticks()
  }

  resumed(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#waiting += (this.#traffic.ticks() - this.#paused) | 0
  }

  /** Counts the request if it reached its system. @returns where it was counted. */
  end(): Meter | null {
    const meter = this.#meter
    if (meter !== null) this.#record(meter)
    this.#meter = null
    this.#resource = ''
    this.#traffic.takeBack(this)
    return meter
  }

  #record(meter: Meter): void {
    this.resumed()
    const total = (this.#traffic.ticks() - this.#started) | 0
    const untilSent = (this.#sent - this.#started) | 0
    const behind = total - untilSent - this.#opening
    const waiting = Math.min(this.#waiting, Math.max(0, behind))
    this.#traffic.record(
      meter,
      this.#resource,
      this.#user,
      this.#started,
      this.receivedBytes,
      this.sentBytes,
      total,
      Math.max(0, behind - waiting),
      this.#opening,
      this.#validation,
      this.#identity,
      waiting,
    )
  }
}
