import type { Stream } from './stream.ts'

/** Streams that wait for their turn to send, first come first served. Linked through the streams: nothing is allocated. */
export class ReadyQueue {
  #first: Stream | null
  #last: Stream | null

  constructor() {
    this.#first = null
    this.#last = null
  }

  get isEmpty(): boolean {
    return this.#first === null
  }

  /** Adds a stream at the end. A stream that waits already keeps its place. */
  add(stream: Stream): void {
    if (stream.isReady) return
    stream.isReady = true
    if (this.#last === null) this.#first = stream
    else this.#last.nextReady = stream
    this.#last = stream
  }

  /** Removes the first stream. */
  take(): Stream | null {
    const stream = this.#first
    if (stream === null) return null
    this.#first = stream.nextReady
    if (this.#first === null) this.#last = null
    stream.nextReady = null
    stream.isReady = false
    return stream
  }

  clear(): void {
    while (this.take() !== null);
  }
}
