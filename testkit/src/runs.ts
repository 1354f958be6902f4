/**
 * How often a property is tried: `few` times, or for as many seconds as LANDBRIDGE_FUZZ says. LANDBRIDGE_FUZZ_SEED
 * repeats a failure by the seed that it told. Nothing is shrunk: a service that was attacked is not the same any more.
 */
export function runs(few: number) {
  const seconds = Number(process.env.LANDBRIDGE_FUZZ ?? 0)
  const seed = process.env.LANDBRIDGE_FUZZ_SEED
  return {
    endOnFailure: true,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(seconds > 0
      ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1_000, markInterruptAsFailure: false }
      : { numRuns: few }),
  }
}
