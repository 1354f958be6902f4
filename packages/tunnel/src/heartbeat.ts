import type { Clock } from '@landbridge/kernel'

export interface HeartbeatOptions {
  readonly clock: Clock
  readonly periodMs: number
  /** Sends a ping with an opaque value. */
  readonly sendPing: (value: number) => void
  /** True while nothing can be heard because reading is paused on purpose: silence proves nothing then. */
  readonly deaf: () => boolean
  /** Called once when the peer was silent for two whole periods in spite of a ping in each. */
  readonly dead: () => void
}

/** Pings that a peer may send between two beats. More is an attack, not traffic. */
const maxPingsPerBeat = 1_000
/** Resets and refused opens that a peer may cause between two beats: far more than requests a session can serve. */
const maxResetsPerBeat = 1_000_000

/** Tells a living peer from a dead one and how far away it is, and counts what a peer may do only so often. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #waiting: Map<number, () => void>
  readonly #stop: () => void
  #nextValue: number
  #heard: boolean
  #silentBeats: number
  #beatValue: number
  #beatSentAt: number
  #roundTripMs: number
  #pings: number
  #resets: number

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#waiting = new Map()
    this.#nextValue = 1
    this.#heard = true
    this.#silentBeats = 0
    this.#beatValue = 0
    this.#beatSentAt = -1
    this.#roundTripMs = -1
    this.#pings = 0
    this.#resets = 0
    this.#stop = options.clock.every(options.periodMs, () => this.#beat())
  }

  /** The shortest round trip seen, in milliseconds; -1 while none is known. */
  get roundTripMs(): number {
    return this.#roundTripMs
  }

  /** Bytes arrived. */
  heard(): void {
    this.#heard = true
  }

  /** False: the peer pinged too often since the last beat. */
  admitPing(): boolean {
    return ++this.#pings <= maxPingsPerBeat
  }

  /** False: the peer reset too many streams, or tried too many in vain, since the last beat. */
  admitReset(): boolean {
    return ++this.#resets <= maxResetsPerBeat
  }

  /** Pings; `answered` gets the round trip in milliseconds and is never called when the session ends first. */
  ping(answered: (roundTripMs: number) => void): void {
    const start = this.#options.clock.now()
    const value = this.#takeValue()
    this.#waiting.set(value, () => answered(this.#options.clock.now() - start))
    this.#options.sendPing(value)
  }

  /** Finds out the round trip without waiting for the next beat, unless an answer is already under way. */
  measure(): void {
    if (this.#beatSentAt < 0) this.#sendBeat()
  }

  /** The peer answered the ping with this value. Values that nobody waits for are ignored. */
  answered(value: number): void {
    if (value === this.#beatValue && this.#beatSentAt >= 0) {
      const roundTripMs = this.#options.clock.now() - this.#beatSentAt
      this.#beatSentAt = -1
      if (this.#roundTripMs < 0 || roundTripMs < this.#roundTripMs) this.#roundTripMs = roundTripMs
      return
    }
    const waiting = this.#waiting.get(value)
    this.#waiting.delete(value)
    waiting?.()
  }

  stop(): void {
    this.#stop()
    this.#waiting.clear()
  }

  #beat(): void {
    this.#pings = 0
    this.#resets = 0
    this.#silentBeats = this.#heard || this.#options.deaf() ? 0 : this.#silentBeats + 1
    this.#heard = false
    if (this.#silentBeats > 1) return this.#options.dead()
    this.#sendBeat()
  }

  #sendBeat(): void {
    this.#beatValue = this.#takeValue()
    this.#beatSentAt = this.#options.clock.now()
    this.#options.sendPing(this.#beatValue)
  }

  #takeValue(): number {
    const value = this.#nextValue
    this.#nextValue = value === 0xffff_ffff ? 1 : value + 1
    return value
  }
}
