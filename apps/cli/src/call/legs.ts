/** One step of a call with the time it took. */
export interface Leg {
  readonly name: string
  readonly durationMs: number
  /** What it asked and what came back, without secrets. */
  readonly detail: string
}

/** Measures the steps of a call in the order in which they run. */
export class Legs {
  readonly #legs: Leg[]
  readonly #onLeg: (leg: Leg) => void

  constructor(onLeg: (leg: Leg) => void) {
    this.#legs = []
    this.#onLeg = onLeg
  }

  get all(): readonly Leg[] {
    return this.#legs
  }

  /** Runs a step; `describe` turns its result into the detail. A step that fails is not recorded. */
  async measure<T>(name: string, run: () => Promise<T>, describe: (result: T) => string): Promise<T> {
    const start = performance.now()
    const result = await run()
    const leg = { name, durationMs: Math.round((performance.now() - start) * 10) / 10, detail: describe(result) }
    this.#legs.push(leg)
    this.#onLeg(leg)
    return result
  }
}
