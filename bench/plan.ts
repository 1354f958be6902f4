import type { Placement } from './host/placement.ts'

/** How much is measured. The order of subjects turns round with every pass; each figure is a median over its passes. */
export interface Plan {
  readonly mode: 'full' | 'quick'
  readonly warmUpSeconds: number
  /** Who is warmed up; all when left out. A compiled peer needs it less than what a runtime compiles as it goes. */
  readonly warmUpOnly?: readonly string[]
  /** Seconds of one run of the load generator. */
  readonly runSeconds: number
  /** Each pass loads its subjects one after the other. */
  readonly passes: readonly Pass[]
  readonly bulkBytes: number
  readonly bulkRounds: number
  readonly holdConnections: number
  readonly destinations: DestinationPlan
  readonly propagation: PropagationPlan
  readonly accessScale: AccessScalePlan
  /** Nothing new begins later than this after the start. */
  readonly limitMs: number
}

/** How the destination service is measured. */
export interface DestinationPlan {
  readonly databases: readonly ('sqlite' | 'postgres')[]
  /** Destinations in the store, growing; a lookup is measured at each. */
  readonly sizes: readonly number[]
  /** The size at which the list is measured. */
  readonly listEntries: number
  readonly connections: number
  readonly warmUpSeconds: number
  readonly runSeconds: number
  readonly rounds: number
  /** Turns of one second in the smallest and one in the largest store. 0: the sizes of one store are compared instead. */
  readonly growthRounds: number
}

/** How propagated users are measured. */
export interface PropagationPlan {
  readonly users: number
  readonly connections: number
  readonly warmUpSeconds: number
  readonly runSeconds: number
  readonly rounds: number
}

/** How access control with very many entries is measured. */
export interface AccessScalePlan {
  readonly mappings: number
  readonly resourcesEach: number
  readonly rounds: number
}

export interface Pass {
  readonly connections: number
  readonly placement: Placement
  /** Seconds of its runs, where they are not those of the plan. */
  readonly seconds?: number
  /** Seconds of a run that comes before and does not count. */
  readonly settleSeconds?: number
  /** Only these subjects; all when left out. */
  readonly only?: readonly string[]
}

/**
 * With one connection there is never more than one process at work. With many, which two of them share a processor
 * decides more than what they do: see README.md.
 */
function at(connections: number, only?: readonly string[]): Pass {
  return { connections, placement: connections === 1 ? 'free' : 'apart', ...(only && { only }) }
}

/** The level without a bar comes last: what it leaves in memory shall not count at the others. */
const levels = [1, 16, 64]
const rounds = [1, 2, 3]

/** The subjects of the bars. */
const main = ['direct', 'haproxy', 'landbridge']
/**
 * The two of the first bar take many short turns: the machine changes its speed within seconds, and a comparison is worth as
 * much as the two runs are near.
 */
const duel: Pass = { connections: 64, placement: 'apart', only: ['haproxy', 'landbridge'], seconds: 1 }
const duels = 24
/**
 * What the kernel makes of it. After another subject's run, two processes that talk to each other may share a processor for
 * about a second before it moves one of them; under way, they stay apart.
 */
const unplaced: Pass = { ...duel, placement: 'free', settleSeconds: 1, seconds: 2 }

/** What the proxies themselves add, without the waking of processors. */
const inTurn: Pass = { connections: 1, placement: 'together', only: main, seconds: 1 }
const turns = 9

export const fullPlan: Plan = {
  mode: 'full',
  warmUpSeconds: 3,
  runSeconds: 2,
  // Many short runs side by side instead of few long ones: comparisons are made pass by pass (measure/paired.ts).
  passes: [
    ...rounds.flatMap(() => [
      ...levels.map((connections) => at(connections)),
      ...rounds.slice(1).flatMap(() => levels.map((connections) => at(connections, main))),
    ]),
    // The kernel may keep to its choice for as long as it is left to it: it chooses anew each time.
    ...Array.from({ length: duels / 2 }, () => [duel, duel, unplaced]).flat(),
    ...Array.from({ length: turns }, () => inTurn),
    ...rounds.map(() => at(256)),
  ],
  bulkBytes: 2 ** 30,
  bulkRounds: 5,
  holdConnections: 10_000,
  destinations: {
    databases: ['sqlite', 'postgres'],
    sizes: [100, 1_000, 10_000, 100_000],
    listEntries: 1_000,
    connections: 16,
    warmUpSeconds: 3,
    runSeconds: 3,
    rounds: 3,
    growthRounds: 10,
  },
  propagation: { users: 100, connections: 64, warmUpSeconds: 4, runSeconds: 2, rounds: 9 },
  accessScale: { mappings: 10_000, resourcesEach: 10, rounds: 5 },
  limitMs: Number.POSITIVE_INFINITY,
}

/** Ends within a minute: one-second runs, and what no bar needs once or for the main subjects only. */
export const quickPlan: Plan = {
  mode: 'quick',
  warmUpSeconds: 1,
  warmUpOnly: ['haproxy', 'landbridge', 'splice'],
  runSeconds: 1,
  passes: [at(64), at(1, main), at(16, main), at(256, main)],
  bulkBytes: 2 ** 27,
  bulkRounds: 1,
  holdConnections: 10_000,
  destinations: {
    databases: ['sqlite'],
    sizes: [100, 1_000],
    listEntries: 1_000,
    connections: 16,
    warmUpSeconds: 1,
    runSeconds: 1,
    rounds: 1,
    growthRounds: 0,
  },
  propagation: { users: 100, connections: 64, warmUpSeconds: 1, runSeconds: 1, rounds: 1 },
  accessScale: { mappings: 10_000, resourcesEach: 10, rounds: 1 },
  limitMs: 50_000,
}
