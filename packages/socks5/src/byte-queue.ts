const firstCapacity = 256

/** Bytes that arrived and were not used yet. Grows with what arrives, never with what a peer announces. */
export class ByteQueue {
  #buffer: Buffer
  #start: number
  #end: number

  constructor() {
    this.#buffer = Buffer.alloc(0)
    this.#start = 0
    this.#end = 0
  }

  get length(): number {
    return this.#end - this.#start
  }

  /** Copies the chunk; the caller keeps it. Amortised cost per byte is constant, also for one byte at a time. */
  append(chunk: Buffer): void {
    if (this.#end + chunk.length > this.#buffer.length) {
      const needed = this.length + chunk.length
      const grown = Buffer.allocUnsafeSlow(Math.max(firstCapacity, needed, this.length * 2))
      this.#buffer.copy(grown, 0, this.#start, this.#end)
      this.#end = this.length
      this.#start = 0
      this.#buffer = grown
    }
    chunk.copy(this.#buffer, this.#end)
    this.#end += chunk.length
  }

  /** The byte at `index`, which MUST be below length. */
  at(index: number): number {
    return this.#buffer[this.#start + index]!
  }

  uint16At(index: number): number {
    return this.#buffer.readUInt16BE(this.#start + index)
  }

  uint32At(index: number): number {
    return this.#buffer.readUInt32BE(this.#start + index)
  }

  /** The bytes [from, to), shared: use them before the next append. */
  slice(from: number, to: number): Buffer {
    return this.#buffer.subarray(this.#start + from, this.#start + to)
  }

  drop(count: number): void {
    this.#start += count
  }

  /** Everything that is left; the queue is empty afterwards and its memory belongs to the caller. */
  takeAll(): Buffer {
    const all = this.#buffer.subarray(this.#start, this.#end)
    this.#buffer = Buffer.alloc(0)
    this.#start = 0
    this.#end = 0
    return all
  }
}
