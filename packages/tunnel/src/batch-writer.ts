import type { Socket } from 'node:net'
import { headerBytes, writeHeader } from './frame.ts'

const batchBytes = 64 * 1024
/** Payloads up to this size are copied into the batch; a larger one goes out as it is (style.md B11: figures). */
const copyLimitBytes = 4 * 1024
/** A batch with less room than this is not continued after a hand-over: the next frame begins a fresh one. */
const worthKeepingBytes = 8 * 1024
const sparesKept = 20
/** Some fifty small requests: enough to share a system call, few enough that both ends work at the same time. */
const portionBytes = 10 * 1024

/**
 * Collects frames and hands them to the socket once per turn of the event loop. `setImmediate` runs after the poll
 * phase, so the answers to all sockets that became readable together leave in one write (one TLS record, one system call).
 * Of a long turn with many small frames, every portion leaves at once: the other end begins while this one goes on. Without
 * that both ends, and the client and the system behind them, take turns and leave a processor idle (bench: +10 % at 64).
 * A large payload is not copied: what was collected before it, the payload and what follows leave as one `writev`.
 */
export class BatchWriter {
  readonly #socket: Socket
  readonly #budgetBytes: number
  readonly #onRoom: () => void
  readonly #flush: () => void
  readonly #written: (failure?: Error | null) => void
  readonly #flights: (Buffer | number | null)[]
  readonly #spares: Buffer[]
  #batch: Buffer
  /** `#batch[#start, #fill)` is collected and not handed over yet; what lies before `#start` may be on its way. */
  #start: number
  #fill: number
  #scheduled: boolean
  #corked: boolean
  #inFlightBytes: number
  #full: boolean
  #closed: boolean

  /** @param budgetBytes unsent bytes above which `hasRoom` turns false; `onRoom` tells that half of it is free again. */
  constructor(socket: Socket, budgetBytes: number, onRoom: () => void) {
    this.#socket = socket
    this.#budgetBytes = budgetBytes
    this.#onRoom = onRoom
    this.#flush = () => this.flush()
    this.#written = () => this.#completed()
    this.#flights = []
    this.#spares = []
    this.#batch = Buffer.allocUnsafeSlow(batchBytes)
    this.#start = 0
    this.#fill = 0
    this.#scheduled = false
    this.#corked = false
    this.#inFlightBytes = 0
    this.#full = false
    this.#closed = false
  }

  /** False while more bytes than the budget wait for the network: queue data in its stream until `onRoom`. */
  get hasRoom(): boolean {
    return !this.#full
  }

  /** Bytes that the network has not taken yet. */
  get pendingBytes(): number {
    return this.#inFlightBytes + this.#fill - this.#start
  }

  /** Appends a frame without payload. */
  control(type: number, flags: number, id: number, length: number): void {
    if (this.#closed) return
    this.#reserve(headerBytes)
    writeHeader(this.#batch, this.#fill, type, flags, id, length)
    this.#fill += headerBytes
  }

  /**
   * Appends a data frame with `payload[start, end)`. With `borrowed`, the bytes are copied at once and the caller may
   * reuse its buffer; otherwise a large payload is passed on as it is and MUST NOT change until it is on the wire.
   * @param now hand over at once what is collected: nothing more is to come in this turn.
   */
  data(flags: number, id: number, payload: Buffer, start: number, end: number, borrowed: boolean, now = false): void {
    if (this.#closed) return
    const length = end - start
    // Handed over below: nobody has to come back for it.
    if (now) this.#scheduled = true
    this.#reserve(headerBytes)
    writeHeader(this.#batch, this.#fill, 0, flags, id, length)
    this.#fill += headerBytes
    if (length <= copyLimitBytes || borrowed) {
      this.#copy(payload, start, end)
      const isPortion = this.#fill - this.#start >= portionBytes
      if (isPortion && (length < portionBytes || this.#inFlightBytes === 0)) this.#handOver(false)
      if (now) this.flush()
      return
    }
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
    }
    this.#handOver(false)
    this.#write(start === 0 && end === payload.length ? payload : payload.subarray(start, end), null)
    if (now) this.flush()
  }

  /** Hands everything collected to the socket now. */
  flush(): void {
    this.#scheduled = false
    if (this.#closed) return
    // Whole batches make the fewest writes, but never at the price of a new buffer for a few bytes.
    this.#handOver(this.#spares.length > 0)
    if (!this.#corked) return
    this.#corked = false
    this.#socket.uncork()
  }

  /** Drops what has not been handed over; later calls do nothing. */
  close(): void {
    this.#closed = true
    this.#start = 0
    this.#fill = 0
    this.#spares.length = 0
    if (!this.#corked) return
    this.#corked = false
    this.#socket.uncork()
  }

  #copy(payload: Buffer, start: number, end: number): void {
    let at = start
    while (at < end) {
      this.#reserve(1)
      const bytes = Math.min(end - at, batchBytes - this.#fill)
      payload.copy(this.#batch, this.#fill, at, at + bytes)
      this.#fill += bytes
      at += bytes
    }
  }

  #reserve(bytes: number): void {
    if (this.#fill + bytes > batchBytes) this.#handOver(true)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#flush)
  }

  /** Passes on what is collected; with `retire`, the rest of the batch is given up and the batch recycled when written. */
  #handOver(retire: boolean): void {
    const start = this.#start
    const end = this.#fill
    if (end === start) return
    const batch = this.#batch
    const last = retire || batchBytes - end < worthKeepingBytes
    if (last) {
      this.#batch = this.#spares.pop() ?? Buffer.allocUnsafeSlow(batchBytes)
      this.#fill = 0
    }
    this.#start = this.#fill
    // Writes complete in order: when the last part of a batch is written, all its parts are.
    this.#write(batch.subarray(start, end), last ? batch : null)
  }

  /** @param recycle the batch that is free again when `bytes` are written, or null. */
  #write(bytes: Buffer, recycle: Buffer | null): void {
    this.#inFlightBytes += bytes.length
    this.#flights.push(bytes.length, recycle)
    if (this.#inFlightBytes > this.#budgetBytes) this.#full = true
    this.#socket.write(bytes, this.#written)
  }

  #completed(): void {
    const bytes = this.#flights.shift() as number
    const recycle = this.#flights.shift() as Buffer | null
    this.#inFlightBytes -= bytes
    if (recycle !== null && this.#spares.length < sparesKept) this.#spares.push(recycle)
    if (this.#inFlightBytes === 0 && this.#start === this.#fill) {
      // Nothing of the batch is on its way any more: begin again where the processor's cache is warm.
      this.#start = 0
      this.#fill = 0
    }
    if (!this.#full || this.#closed || this.#inFlightBytes * 2 > this.#budgetBytes) return
    this.#full = false
    this.#onRoom()
  }
}
