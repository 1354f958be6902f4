import type { HaPeer } from '../configuration/high-availability-settings.ts'
import type { PairAccess } from './pair-access.ts'
import { type PeerStatus, readableStatus } from './pair-options.ts'

export interface Rival {
  /** Whether this instance has reason to ask now. */
  readonly isDue: () => boolean
  readonly ownStatus: () => PeerStatus
  readonly met: (told: PeerStatus, other: HaPeer) => Promise<void>
}

/** A master that has not heard of its shadow looks whether that one is master, too (guide L28881). */
export class RivalProbe {
  readonly #access: PairAccess
  readonly #rival: Rival
  #cancel: () => void
  #lastMs: number

  constructor(access: PairAccess, rival: Rival) {
    this.#access = access
    this.#rival = rival
    this.#cancel = () => {}
    this.#lastMs = 0
  }

  start(): void {
    const { clock } = this.#access.options
    this.#cancel = clock.every(1_000, () => {
      const { haPeer } = this.#access.settings
      if (haPeer?.isJoined !== true || !this.#rival.isDue()) return
      if (clock.now() >= this.#lastMs + Math.max(1_000, haPeer.checkIntervalMs)) void this.ask()
    })
  }

  stop(): void {
    this.#cancel()
  }

  /** Asks once; an other instance that does not answer, or makes no sense, is none. */
  async ask(): Promise<void> {
    const { haPeer } = this.#access.settings
    if (haPeer === undefined) return
    const { clock, log } = this.#access.options
    this.#lastMs = clock.now()
    const answer = await this.#access.ask(haPeer, 'status', this.#rival.ownStatus())
    if (this.#access.closed.aborted || answer.kind !== 'answer' || answer.status !== 200) return
    const told = readableStatus(answer.body)
    if (told === undefined) return log.warn('ha.peer.unreadable', { host: haPeer.host })
    await this.#rival.met(told, haPeer)
  }
}
