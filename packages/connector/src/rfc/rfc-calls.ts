import type { RfcAllowed } from '@landbridge/access'
import type { Measurement, SubaccountTraffic } from '../traffic/index.ts'

/** Measures the calls of one RFC connection, one after the other: a call ends with its reply or with the connection. */
export class RfcCalls {
  readonly #traffic: SubaccountTraffic | undefined
  #current: Measurement | null

  constructor(traffic: SubaccountTraffic | undefined) {
    this.#traffic = traffic
    this.#current = null
  }

  /** A call was allowed. */
  begin({ system, resources }: RfcAllowed, functionName: string, user: string): void {
    this.end()
    if (this.#traffic === undefined) return
    this.#current = this.#traffic.begin()
    this.#current.reached(this.#traffic.meterOf(system, resources), functionName, user)
  }

  fromCloud(bytes: number): void {
    if (this.#current !== null) this.#current.receivedBytes += bytes
  }

  toCloud(bytes: number): void {
    if (this.#current !== null) this.#current.sentBytes += bytes
  }

  end(): void {
    this.#current?.end()
    this.#current = null
  }
}
