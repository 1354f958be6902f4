/** Any number: the same one in every run of the suite. */
const usualSeed = 20_003

/**
 * How often a property is tried: `few` times, always in the same way, so that a change is blamed for what it did only; or
 * for as many seconds as LANDBRIDGE_FUZZ says, to look for what nobody has seen. LANDBRIDGE_FUZZ_SEED repeats a failure by
 * the seed that it told. Nothing is shrunk: a service that was attacked is not the same any more.
 */
export function runs(few: number) {
  const seconds = Number(process.env.LANDBRIDGE_FUZZ ?? 0)
  const { LANDBRIDGE_FUZZ_SEED: seed = seconds > 0 ? undefined : usualSeed } = process.env
  return {
    endOnFailure: true,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(seconds > 0
      ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1_000, markInterruptAsFailure: false }
      : { numRuns: few }),
  }
}
