import type { RunningPeer } from '../peers/peer.ts'

/** A started candidate under its name. */
export interface Subject {
  readonly name: string
  readonly description: string
  readonly running: RunningPeer
}

/** What the measurements share: the clock of the plan, and where progress is told. */
export interface Progress {
  /** True when the plan's time is used up. */
  readonly isOver: () => boolean
  say(line: string): void
}

/** The middle of the values; the mean of the two middle ones when their number is even; 0 of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}

/** Forward on even turns, backward on odd ones, so that nobody always runs first. */
export function alternating<T>(values: readonly T[], turn: number): readonly T[] {
  return turn % 2 === 0 ? values : [...values].reverse()
}

/** Applies a function to every value of a record. */
export function mapRecord<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

/** Cuts a figure to as many digits as it deserves. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
