/** Source of time. Everything that waits or dates something takes one, so that tests can move it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Calls `run` once after `delayMs`. The returned function cancels; calling it later is harmless. */
  after(delayMs: number, run: () => void): () => void
  /** Calls `run` every `periodMs` until cancelled. */
  every(periodMs: number, run: () => void): () => void
}

/** The machine's clock. Its timers keep no process alive: listeners and sockets do. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
  every(periodMs, run) {
    const timer = setInterval(run, periodMs)
    timer.unref()
    return () => clearInterval(timer)
  },
}

interface Alarm {
  readonly id: number
  at: number
  readonly periodMs: number
  readonly run: () => void
}

/** A clock that stands still until `advance` is called. Alarms run in order of their time. */
export class ManualClock implements Clock {
  #now: number
  #nextId: number
  readonly #alarms: Map<number, Alarm>

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs
    this.#nextId = 1
    this.#alarms = new Map()
  }

  now(): number {
    return this.#now
  }

  after(delayMs: number, run: () => void): () => void {
    return this.#add(delayMs, 0, run)
  }

  every(periodMs: number, run: () => void): () => void {
    return this.#add(periodMs, periodMs, run)
  }

  /** Moves time forward by `ms` and runs every alarm that falls due on the way. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let alarm = this.#due(end); alarm !== undefined; alarm = this.#due(end)) {
      this.#now = alarm.at
      if (alarm.periodMs > 0) alarm.at += alarm.periodMs
      else this.#alarms.delete(alarm.id)
      alarm.run()
    }
    this.#now = end
  }

  #add(delayMs: number, periodMs: number, run: () => void): () => void {
    const id = this.#nextId++
    this.#alarms.set(id, { id, at: this.#now + delayMs, periodMs, run })
    return () => {
      this.#alarms.delete(id)
    }
  }

  #due(end: number): Alarm | undefined {
    let first: Alarm | undefined
    for (const alarm of this.#alarms.values())
      if (alarm.at <= end && (first === undefined || alarm.at < first.at)) first = alarm
    return first
  }
}
