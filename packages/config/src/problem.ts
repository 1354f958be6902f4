import { PlatformError } from '@landbridge/kernel'

/** One thing that is wrong with a configuration, told so that the reader can correct it without a manual. */
export interface ConfigProblem {
  /** Where the value came from: `landbridge.yaml:12`, `environment LANDBRIDGE_X`, `command line`. */
  readonly origin: string
  readonly path: string
  readonly expected: string
  readonly found: string
  readonly hint?: string
}

/** `landbridge.yaml:12: proxy.port: expected an integer from 0 to 65535, found "x"`. */
export function problemText(problem: ConfigProblem): string {
  const hint = problem.hint === undefined ? '' : ` (${problem.hint})`
  return `${problem.origin}: ${problem.path}: expected ${problem.expected}, found ${problem.found}${hint}`
}

/** The error that carries all problems of one configuration. */
export function configInvalid(problems: readonly ConfigProblem[], file?: string): PlatformError {
  return new PlatformError('CONFIG_INVALID', {
    ...(file === undefined ? {} : { file }),
    problems: problems.map(problemText),
  })
}
