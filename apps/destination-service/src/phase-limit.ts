import { type TokenRequest, tokenFailure } from '@landbridge/destinations'
import type { Clock } from '@landbridge/kernel'

/** One limit until the connection stands, another for the whole answer after that. */
export class PhaseLimit {
  readonly #controller: AbortController
  readonly #clock: Clock
  readonly #deadlineMs: number
  readonly #request: TokenRequest
  #cancel: () => void
  expired: Error | undefined

  /** @param deadlineMs limit where the request has none of its own */
  constructor(clock: Clock, deadlineMs: number, request: TokenRequest) {
    this.#controller = new AbortController()
    this.#clock = clock
    this.#deadlineMs = deadlineMs
    this.#request = request
    this.expired = undefined
    this.#cancel = this.#start(request.connectTimeoutMs, 'the connection to the token service timed out')
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  connected(): void {
    this.#cancel()
    this.#cancel = this.#start(this.#request.readTimeoutMs, 'the token service did not answer in time')
  }

  end(): void {
    this.#cancel()
  }

  #start(limitMs: number, reason: string): () => void {
    return this.#clock.after(limitMs === 0 ? this.#deadlineMs : limitMs, () => {
      this.expired = tokenFailure(reason)
      this.#controller.abort()
    })
  }
}
