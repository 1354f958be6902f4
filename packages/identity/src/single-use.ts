import type { Clock } from '@landbridge/kernel'

/** Remembers what may be used once only: authorization codes, tickets. Shared by all replicas. */
export interface SingleUse {
  /** True for the first caller with this ID, false ever after. The ID may be forgotten after `untilMs`. */
  claim(id: string, untilMs: number): Promise<boolean>
}

/** For one process. Bounded by time: what has expired is dropped whenever something is claimed. */
export class LocalSingleUse implements SingleUse {
  readonly #clock: Clock
  readonly #until: Map<string, number>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#until = new Map()
  }

  async claim(id: string, untilMs: number): Promise<boolean> {
    const now = this.#clock.now()
    for (const [known, until] of this.#until) if (until < now) this.#until.delete(known)
    if (this.#until.has(id)) return false
    this.#until.set(id, untilMs)
    return true
  }
}
