import { ticksPerMs } from './tick-clock.ts'

/** Lower bounds of the buckets of the performance overview in milliseconds (guide L29149). */
export const bucketBoundsMs: readonly number[] = [
  0, 10, 20, 30, 40, 50, 75, 100, 125, 150, 200, 300, 400, 500, 750, 1_000, 1_250, 1_500, 2_000, 2_500, 3_000, 4_000,
  5_000,
]

const bounds = Int32Array.from(bucketBoundsMs, (bound) => bound * ticksPerMs)

/** The bucket of a duration: it is longer than the lower bound, and not longer than that of the next one. */
export function bucketOf(ticks: number): number {
  let bucket = 1
  while (bucket < bounds.length && ticks > bounds[bucket]!) bucket += 1
  return bucket - 1
}
