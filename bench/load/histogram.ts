/**
 * Counts durations with a relative error below 1 %, in fixed memory (the idea of an HDR histogram): every power of
 * two is divided into 128 equal buckets.
 */
export class Histogram {
  readonly #buckets = new Float64Array(128 * 48)
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Adds one value; negative values count as 0. */
  record(value: number): void {
    this.#buckets[bucketOf(value)]! += 1
    this.#count += 1
  }

  /** The value below which `share` (0 to 1) of all values lie; 0 when nothing was recorded. */
  percentile(share: number): number {
    const wanted = Math.max(1, Math.ceil(this.#count * share))
    let seen = 0
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      seen += this.#buckets[bucket]!
      if (seen >= wanted && this.#count > 0) return middleOf(bucket)
    }
    return 0
  }
}

function bucketOf(value: number): number {
  const whole = Math.max(0, Math.floor(value))
  if (whole < 256) return whole
  const exponent = Math.floor(Math.log2(whole)) - 7
  const bucket = exponent * 128 + Math.floor(whole / 2 ** exponent)
  return Math.min(bucket, 128 * 48 - 1)
}

function middleOf(bucket: number): number {
  if (bucket < 256) return bucket
  const exponent = Math.floor(bucket / 128) - 1
  const width = 2 ** exponent
  return (bucket - exponent * 128) * width + (width - 1) / 2
}
