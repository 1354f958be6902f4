/** Longer prefixes are rare enough to be made each time; views of all lengths would be some hundred kilobytes. */
const longestKept = 4 * 1024

/**
 * The first n bytes of one buffer that is filled again and again. A view is an object of its own, with a hundred bytes
 * and a visit by the garbage collector; messages of one application have few lengths, so each is made once.
 */
export class PrefixViews {
  readonly bytes: Buffer
  readonly #views: (Buffer | undefined)[]

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.#views = new Array(Math.min(longestKept, bytes.length) + 1).fill(undefined)
  }

  /** The same object for the same length. */
  first(length: number): Buffer {
    if (length >= this.#views.length) return this.bytes.subarray(0, length)
    const known = this.#views[length]
    if (known !== undefined) return known
    const view = this.bytes.subarray(0, length)
    this.#views[length] = view
    return view
  }
}
