import type { Stream } from './stream.ts'

const firstCapacity = 64
/** Spreads numbers that follow each other (Knuth, The Art of Computer Programming, volume 3, section 6.4: 2^32 / golden ratio). */
const spread = 0x9e3779b1

/**
 * The open streams of a session by their number: a hash table with linear probing.
 *
 * A `Map` would do, but not under tens of thousands of streams a second. It rebuilds itself every few dozen insertions
 * and links the old table to the new one. Once a table has grown old in V8's sense, this chain keeps every later table
 * and with it every stream alive until the next full collection: garbage of 30 MB a second in the old space, and
 * scavenges that copy what nobody needs. Here a stream that is gone leaves nothing behind.
 * A peer that picks numbers which collide pays with its own session: a search is never longer than the streams it may open.
 */
export class StreamTable {
  #slots: (Stream | null)[]
  #mask: number
  #shift: number
  #size: number

  constructor() {
    this.#slots = new Array<Stream | null>(firstCapacity).fill(null)
    this.#mask = firstCapacity - 1
    this.#shift = 32 - Math.log2(firstCapacity)
    this.#size = 0
  }

  get size(): number {
    return this.#size
  }

  get(id: number): Stream | null {
    const slots = this.#slots
    const mask = this.#mask
    for (let at = Math.imul(id, spread) >>> this.#shift; ; at = (at + 1) & mask) {
      const stream = slots[at] as Stream | null
      if (stream === null || stream.id === id) return stream
    }
  }

  /** Adds a stream whose number is not in the table. */
  add(stream: Stream): void {
    // At most half full: a search looks at one or two slots, and always finds an empty one.
    if (this.#size * 2 >= this.#slots.length) this.#grow()
    this.#place(stream)
    this.#size += 1
  }

  /** Removes a stream; one that is not in the table is no error. */
  delete(stream: Stream): void {
    const slots = this.#slots
    const mask = this.#mask
    let hole = Math.imul(stream.id, spread) >>> this.#shift
    for (;;) {
      const found = slots[hole] as Stream | null
      if (found === null) return
      if (found === stream) break
      hole = (hole + 1) & mask
    }
    this.#size -= 1
    // Whoever was pushed past the hole moves up: a search may end at the first empty slot (Knuth, 6.4 R).
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const next = slots[at] as Stream | null
      if (next === null) break
      const wanted = Math.imul(next.id, spread) >>> this.#shift
      if (((at - wanted) & mask) < ((at - hole) & mask)) continue
      slots[hole] = next
      hole = at
    }
    slots[hole] = null
  }

  /** Every stream, as of now: the table may change while they are visited. */
  all(): Stream[] {
    return this.#slots.filter((stream) => stream !== null)
  }

  clear(): void {
    this.#slots.fill(null)
    this.#size = 0
  }

  #place(stream: Stream): void {
    const slots = this.#slots
    const mask = this.#mask
    let at = Math.imul(stream.id, spread) >>> this.#shift
    while (slots[at] !== null) at = (at + 1) & mask
    slots[at] = stream
  }

  #grow(): void {
    const streams = this.all()
    const capacity = this.#slots.length * 2
    this.#slots = new Array<Stream | null>(capacity).fill(null)
    this.#mask = capacity - 1
    this.#shift -= 1
    for (const stream of streams) this.#place(stream)
  }
}
