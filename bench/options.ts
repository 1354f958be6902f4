import { parseArgs } from 'node:util'
import { candidates } from './candidates.ts'

/** The figures that can be asked for one by one. */
export const phases = ['requests', 'bulk', 'hold', 'destinations', 'propagation', 'access-scale'] as const
export type Phase = (typeof phases)[number]

/** Phases that measure something of their own, not the subjects. */
const ownSubjects: readonly Phase[] = ['destinations', 'propagation', 'access-scale']

export function isOfSubjects(phase: Phase): boolean {
  return !ownSubjects.includes(phase)
}

export interface Options {
  readonly quick: boolean
  readonly json: boolean
  readonly help: boolean
  /** Names of the subjects to measure. */
  readonly subjects: readonly string[]
  readonly phases: readonly Phase[]
  /** True when everything is measured, so that the result may stand in the documentation. */
  readonly isComplete: boolean
}

/** Understands the command line. @throws TypeError naming what is wrong with it */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      only: { type: 'string', multiple: true, default: [] },
    },
  })
  const words = values.only.flatMap((value) => value.split(',')).filter((word) => word !== '')
  const names = candidates.map(({ name }) => name)
  for (const word of words) {
    if (names.includes(word) || phases.some((phase) => phase === word)) continue
    throw new TypeError(`--only knows ${[...names, ...phases].join(', ')}; it does not know ${word}`)
  }
  const subjects = names.filter((name) => words.includes(name))
  const chosen = phases.filter((phase) => words.includes(phase))
  return {
    quick: values.quick,
    json: values.json,
    help: values.help,
    subjects: subjects.length === 0 ? names : subjects,
    phases: chosen.length > 0 ? chosen : phases.filter((phase) => subjects.length === 0 || isOfSubjects(phase)),
    isComplete: words.length === 0 && !values.quick,
  }
}

export const helpText = `npm run bench -- [options]

Measures the Landbridge data plane and its peers in one run, on loopback, then the destination service, requests with
users and large access control, and compares all of it with the bars of bench/budgets.json.

  --quick        within a minute, coarser figures; does not write docs/benchmarks.md
  --json         exactly one JSON object on standard output; progress goes to standard error
  --only WORDS   subjects and figures, separated by commas: ${candidates.map(({ name }) => name).join(', ')};
                 ${phases.join(', ')}
  --help         this text

Without --quick and --only the run takes about fifteen minutes and writes docs/benchmarks.md.
A missed bar is a word in the output. The exit code is 1 only when something could not be measured.

Examples:
  npm run bench -- --quick --json
  npm run bench -- --only landbridge,haproxy,requests
  npm run bench -- --only destinations
  npm run bench -- --only propagation,access-scale
`
