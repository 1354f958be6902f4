import type { HaTerm } from '../configuration/high-availability-settings.ts'

/** What an instance says about itself when it meets the other one. */
export interface Standing {
  readonly role: 'master' | 'shadow'
  readonly term: HaTerm
  /** SHA-256 of its certificate: settles what the term leaves open. */
  readonly fingerprint: string
}

export type MeetingOutcome =
  /** Roles fit, or the other one has to move. */
  | 'stay'
  /** A master that finds a later one becomes its shadow (guide L28881). */
  | 'step-down'
  /** A shadow to which the other one has given its role. */
  | 'take-over'

/**
 * What an instance does when it meets the other one. Both decide by the same rules, each for itself, so that they never
 * both stay master, and never both stay shadow after one of them has given its role away.
 */
export function meet(own: Standing, other: Standing): MeetingOutcome {
  if (own.role === 'master') return other.role === 'master' && isLater(other, own) ? 'step-down' : 'stay'
  if (other.role === 'master' || !other.term.isHandedOver) return 'stay'
  // Both have given it away when two switches crossed: the later one counts.
  return !own.term.isHandedOver || isLater(other, own) ? 'take-over' : 'stay'
}

function isLater(one: Standing, than: Standing): boolean {
  if (one.term.number !== than.term.number) return one.term.number > than.term.number
  return one.fingerprint > than.fingerprint
}
