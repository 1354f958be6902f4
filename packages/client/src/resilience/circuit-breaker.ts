import type { Clock } from '@landbridge/kernel'
import { advanceCircuit, type CircuitEvent, type CircuitPhase } from './circuit-phase.ts'

export interface CircuitPolicy {
  /** Consecutive failures that open the circuit. */
  readonly failures: number
  /** How long calls are refused before one may probe. */
  readonly openMs: number
}

export const defaultCircuitPolicy: CircuitPolicy = { failures: 5, openMs: 30_000 }

/** Leave to call. Exactly one of its methods MUST be called; further calls do nothing. */
export interface Permit {
  succeeded(): void
  failed(): void
  /** The call ended without telling anything about the service: its caller gave up. */
  abandoned(): void
}

/**
 * Stops calling a service that fails again and again, and finds out by single probes when it is back (guide L16738).
 * It needs no timer: an open circuit notices at the next call that it has waited long enough.
 */
export class CircuitBreaker {
  readonly #policy: CircuitPolicy
  readonly #clock: Clock
  readonly #onChange: (phase: CircuitPhase) => void
  #phase: CircuitPhase
  #failures: number
  #openUntil: number
  #isProbing: boolean
  /** Counts changes of the phase: what a call of an earlier phase reports late says nothing about this one. */
  #generation: number

  constructor(policy: CircuitPolicy, clock: Clock, onChange: (phase: CircuitPhase) => void = () => {}) {
    this.#policy = policy
    this.#clock = clock
    this.#onChange = onChange
    this.#phase = 'closed'
    this.#failures = 0
    this.#openUntil = 0
    this.#isProbing = false
    this.#generation = 0
  }

  get phase(): CircuitPhase {
    return this.#phase
  }

  /** Milliseconds until a probe is allowed; 0 when calls are, or when a probe is under way. */
  get retryAfterMs(): number {
    return this.#phase === 'open' ? Math.max(0, this.#openUntil - this.#clock.now()) : 0
  }

  /** Leave for one call, or undefined: then the service MUST NOT be called. */
  tryEnter(): Permit | undefined {
    if (this.#phase === 'open' && this.#clock.now() >= this.#openUntil) this.#advance('waited')
    if (this.#phase === 'open' || this.#isProbing) return undefined
    this.#isProbing = this.#phase === 'half-open'
    return this.#permit()
  }

  #permit(): Permit {
    const generation = this.#generation
    let isUsed = false
    const once = (run: () => void) => () => {
      const counts = !isUsed && generation === this.#generation
      isUsed = true
      if (counts) run()
    }
    return {
      succeeded: once(() => this.#succeed()),
      failed: once(() => this.#fail()),
      abandoned: once(() => {
        this.#isProbing = false
      }),
    }
  }

  #succeed(): void {
    this.#failures = 0
    if (this.#phase === 'half-open') this.#advance('probeSucceeded')
  }

  #fail(): void {
    this.#failures++
    if (this.#phase === 'half-open') this.#open('probeFailed')
    else if (this.#failures >= this.#policy.failures) this.#open('limitReached')
  }

  #open(event: CircuitEvent): void {
    this.#openUntil = this.#clock.now() + this.#policy.openMs
    this.#advance(event)
  }

  #advance(event: CircuitEvent): void {
    this.#phase = advanceCircuit(this.#phase, event)
    this.#generation++
    this.#isProbing = false
    if (this.#phase === 'closed') this.#failures = 0
    this.#onChange(this.#phase)
  }
}
