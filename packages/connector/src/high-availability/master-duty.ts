import { randomUUID } from 'node:crypto'
import { waitUntil } from '../administration/wait-until.ts'
import type { HaPeer } from '../configuration/high-availability-settings.ts'
import type { ConnectorConfiguration } from '../configuration/model.ts'
import { sameReplica } from '../configuration/replicated-part.ts'
import { isSamePosition, type PairOptions, type PeerStatus, type Position, stateRefusal } from './pair-options.ts'
import { encodeReplica } from './replica.ts'

/** States of a master (guide L21898). */
export type MasterState = 'ALONE' | 'BINDING' | 'CONNECTED' | 'BROKEN'

/** What a waiting shadow gets: a newer version, or nothing but the advice to look again. */
export interface WatchAnswer {
  readonly position?: Position
  readonly configuration?: unknown
}

/** How long a shadow waits for a change before it is told that there is none. */
const holdMs = 20_000
/** A ping that is late by a whole interval is missing; after three intervals the shadow is lost (guide L28894). */
const brokenIntervals = 2
const lostIntervals = 3

interface Shadow {
  lastSeenMs: number
  hasReported: boolean
  applied: Position | undefined
  problem: string | undefined
}

/** What a master does for its shadow: it knows whether the shadow lives and tells it every change. */
export class MasterDuty {
  readonly #options: PairOptions
  readonly #epoch: string
  readonly #stopListening: () => void
  #revision: number
  #seen: ConnectorConfiguration
  #shadow: Shadow | undefined
  /** Ends the wait of the shadow, if it waits. */
  #endWait: () => void

  constructor(options: PairOptions) {
    const { store, clock } = options
    this.#options = options
    this.#epoch = randomUUID()
    this.#revision = 1
    this.#seen = store.current
    this.#endWait = () => {}
    // A shadow from before a restart keeps its place until it has been silent for too long.
    this.#shadow =
      this.#peer?.isJoined === true
        ? { lastSeenMs: clock.now(), hasReported: false, applied: undefined, problem: undefined }
        : undefined
    this.#stopListening = store.onChange((current) => this.#changed(current))
  }

  stop(): void {
    this.#stopListening()
    this.#shadow = undefined
    this.#endWait()
  }

  get position(): Position {
    return { epoch: this.#epoch, revision: this.#revision }
  }

  get state(): MasterState {
    const shadow = this.#alive()
    if (shadow === undefined) return 'ALONE'
    const silentMs = this.#options.clock.now() - shadow.lastSeenMs
    if (shadow.problem !== undefined || silentMs >= brokenIntervals * this.#intervalMs) return 'BROKEN'
    if (!shadow.hasReported) return 'BROKEN'
    return shadow.applied === undefined ? 'BINDING' : 'CONNECTED'
  }

  /** What kept the shadow from taking over the latest version. */
  get problem(): string | undefined {
    return this.#shadow?.problem
  }

  /** Whether the shadow has been heard of within its own interval. */
  get isShadowPresent(): boolean {
    const shadow = this.#alive()
    return (
      shadow?.hasReported === true && this.#options.clock.now() - shadow.lastSeenMs < brokenIntervals * this.#intervalMs
    )
  }

  /** A shadow has been given the place; it has nothing yet. */
  register(): void {
    this.#endWait()
    this.#shadow = { lastSeenMs: this.#options.clock.now(), hasReported: true, applied: undefined, problem: undefined }
  }

  /** The shadow tells how it is. */
  report({ position, problem }: PeerStatus): void {
    if (this.#shadow === undefined) this.register()
    const shadow = this.#shadow!
    if (shadow.problem === undefined && problem !== undefined)
      this.#options.log.error('ha.replication.failed', { reason: problem })
    if (shadow.problem !== undefined && problem === undefined) this.#options.log.warn('ha.replication.recovered')
    shadow.lastSeenMs = this.#options.clock.now()
    shadow.hasReported = true
    shadow.problem = problem
    shadow.applied = position?.epoch === this.#epoch ? position : undefined
  }

  /** Answers with the configuration as soon as it differs from what the shadow has; one wait at a time. */
  async watch(applied: Position | undefined, signal: AbortSignal): Promise<WatchAnswer> {
    const { clock, store } = this.#options
    this.#endWait()
    if (this.#shadow === undefined) throw stateRefusal('ALONE', 'the shadow is not registered')
    this.#shadow.lastSeenMs = clock.now()
    if (isSamePosition(applied, this.position)) {
      this.#shadow.applied = applied
      this.#shadow.problem = undefined
      await this.#wait(signal)
      if (isSamePosition(applied, this.position) || this.#shadow === undefined) return {}
    }
    return { position: this.position, configuration: encodeReplica(store.current) }
  }

  /** Lets a waiting shadow look again. */
  endWait(): void {
    this.#endWait()
  }

  /** The shadow says goodbye. */
  forget(): void {
    this.#shadow = undefined
    this.#endWait()
  }

  /** True once the shadow has everything; false if that takes too long. */
  isReplicated(withinMs: number): Promise<boolean> {
    return waitUntil(this.#options.clock, withinMs, () => isSamePosition(this.#shadow?.applied, this.position))
  }

  get #peer(): HaPeer | undefined {
    return this.#options.store.current.settings.haPeer
  }

  get #intervalMs(): number {
    return Math.max(1_000, this.#peer?.checkIntervalMs ?? 0)
  }

  #alive(): Shadow | undefined {
    const shadow = this.#shadow
    if (shadow === undefined) return undefined
    if (this.#options.clock.now() - shadow.lastSeenMs < lostIntervals * this.#intervalMs) return shadow
    this.#options.log.warn('ha.shadow.lost', { host: this.#peer?.host ?? '' })
    this.forget()
    return undefined
  }

  #changed(current: ConnectorConfiguration): void {
    const isSame = sameReplica(this.#seen, current)
    this.#seen = current
    if (isSame) return
    this.#revision += 1
    this.#endWait()
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(holdMs, () => end())
      const end = (): void => {
        cancel()
        signal.removeEventListener('abort', end)
        if (this.#endWait === end) this.#endWait = () => {}
        resolve()
      }
      this.#endWait = end
      signal.addEventListener('abort', end, { once: true })
      if (signal.aborted) end()
    })
  }
}
