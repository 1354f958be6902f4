import type { Socket } from 'node:net'
import { headerBytes, writeHeader } from './frame.ts'

const batchBytes = 64 * 1024
/** Payloads up to this size are copied into the batch; a larger one goes out as it is (style.md B11: figures). */
const copyLimitBytes = 4 * 1024
const sparesKept = 8

/**
 * Collects frames and hands them to the socket once per turn of the event loop. `setImmediate` runs after the poll
 * phase, so the answers to all sockets that became readable together leave in one write (one TLS record, one system call).
 */
export class BatchWriter {
  readonly #socket: Socket
  readonly #budgetBytes: number
  readonly #onRoom: () => void
  readonly #flush: () => void
  readonly #written: (failure?: Error | null) => void
  readonly #flights: (Buffer | number)[]
  readonly #spares: Buffer[]
  #batch: Buffer
  #fill: number
  #scheduled: boolean
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
    this.#fill = 0
    this.#scheduled = false
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
    return this.#inFlightBytes + this.#fill
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
   */
  data(flags: number, id: number, payload: Buffer, start: number, end: number, borrowed: boolean): void {
    if (this.#closed) return
    const length = end - start
    if (length <= copyLimitBytes || borrowed) {
      this.#reserve(headerBytes)
      writeHeader(this.#batch, this.#fill, 0, flags, id, length)
      this.#fill += headerBytes
      this.#copy(payload, start, end)
      return
    }
    this.#reserve(headerBytes)
    writeHeader(this.#batch, this.#fill, 0, flags, id, length)
    this.#fill += headerBytes
    this.flush()
    this.#write(start === 0 && end === payload.length ? payload : payload.subarray(start, end), length)
  }

  /** Hands everything collected to the socket now. */
  flush(): void {
    this.#scheduled = false
    if (this.#fill === 0 || this.#closed) return
    const batch = this.#batch
    const bytes = this.#fill
    this.#batch = this.#spares.pop() ?? Buffer.allocUnsafeSlow(batchBytes)
    this.#fill = 0
    this.#write(bytes === batchBytes ? batch : batch.subarray(0, bytes), batch)
  }

  /** Drops what has not been handed over; later calls do nothing. */
  close(): void {
    this.#closed = true
    this.#fill = 0
    this.#spares.length = 0
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
    if (this.#fill + bytes > batchBytes) this.flush()
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#flush)
  }

  /** @param flight the batch to recycle when written, or the size of a payload that is somebody else's. */
  #write(bytes: Buffer, flight: Buffer | number): void {
    this.#inFlightBytes += bytes.length
    this.#flights.push(typeof flight === 'number' ? flight : bytes.length, flight)
    if (this.#inFlightBytes > this.#budgetBytes) this.#full = true
    this.#socket.write(bytes, this.#written)
  }

  #completed(): void {
    const bytes = this.#flights.shift() as number
    const flight = this.#flights.shift() as Buffer | number
    this.#inFlightBytes -= bytes
    if (typeof flight !== 'number' && this.#spares.length < sparesKept) this.#spares.push(flight)
    if (!this.#full || this.#closed || this.#inFlightBytes * 2 > this.#budgetBytes) return
    this.#full = false
    this.#onRoom()
  }
}
