// fast-check for all tests of the repository, which take it from here and not from the library: a property is tried with
// the same values in every run of the suite, so that a change is blamed for what it did only.
import fc from 'fast-check'

/** Any number: the same one in every run of the suite. */
const usualSeed = 20_003
const seconds = Number(process.env.LANDBRIDGE_FUZZ ?? 0)
const { LANDBRIDGE_FUZZ_SEED: told = seconds > 0 ? undefined : usualSeed } = process.env

/**
 * A number to begin with, for tests that make their own random values: the usual one; any with LANDBRIDGE_FUZZ; or the one
 * of LANDBRIDGE_FUZZ_SEED. Such a test says it as a diagnostic.
 */
export const seed = Number(told ?? Date.now() % 1_000_000)

const long = {
  numRuns: Number.MAX_SAFE_INTEGER,
  interruptAfterTimeLimit: seconds * 1_000,
  markInterruptAsFailure: false,
}

fc.configureGlobal({ ...(told === undefined ? {} : { seed }), ...(seconds > 0 ? long : {}) })

/**
 * How often a property is tried where the library's 100 times do not fit: `few` times; or for as many seconds as
 * LANDBRIDGE_FUZZ says, with other values each time, to look for what nobody has seen. LANDBRIDGE_FUZZ_SEED repeats a
 * failure by the seed that it told.
 */
export function runs(few: number): fc.Parameters<unknown> {
  return seconds > 0 ? {} : { numRuns: few }
}

/** The same for attacks on a service. Nothing is shrunk: a service that was attacked is not the same any more. */
export function unshrunk(few: number): fc.Parameters<unknown> {
  return { ...runs(few), endOnFailure: true }
}

export default fc
