import type { Socket } from 'node:net'
import { getSystemErrorName } from 'node:util'
import { writeGathered } from './gathered-write.ts'
import { PrefixViews } from './prefix-views.ts'

/** What Node's TCP handles and write requests are made of. Not documented: looked for, never assumed. */
interface WriteRequest {
  /** Keeps the bytes alive while the system has not taken them. */
  buffer: Buffer | null
  oncomplete: ((status: number) => void) | null
}
interface TcpHandle {
  writeBuffer(request: WriteRequest, bytes: Buffer): number
  readonly writeQueueSize: number
}
type SocketInside = Socket & { readonly _handle?: TcpHandle | null }

/** Larger pieces take the usual way: what it costs is small beside copying them. */
const directBytes = 4 * 1024

/** Node's classes, once a first write has shown them. */
let TcpHandle: unknown = null
let Request: (new () => WriteRequest) | null = null
/** A request is used up only by a write that does not complete at once. */
let spare: WriteRequest | null = null

/** What leaves is copied here first: the caller's bytes may change before the system takes them. */
let outbox: PrefixViews | null = null

/**
 * Writes small pieces to a connected TCP socket past the queue of its stream: nearly always the system takes them at
 * once, and then neither a request, nor a copy in fresh memory, nor a later callback is needed. A tenth of the processor
 * time of a request (docs/decisions/0024). Everything else goes the usual way, in order: TLS, a socket that is not
 * connected yet, corked, or has bytes waiting; and all of them where a Node keeps its sockets otherwise.
 */
export class DirectWriter {
  readonly #socket: Socket
  /** Bytes that were written directly and that the system has not taken yet. */
  #pendingBytes: number

  constructor(socket: Socket) {
    this.#socket = socket
    this.#pendingBytes = 0
  }

  /** True when the system has everything that was written. */
  get isDrained(): boolean {
    return this.#pendingBytes === 0 && this.#socket.writableLength === 0
  }

  /**
   * Writes bytes that the caller overwrites after the call.
   * @returns false when the socket is slow: wait for its `drain`.
   */
  writeBorrowed(bytes: Buffer): boolean {
    const handle = this.#handleFor(bytes.length)
    if (handle === null) return this.#waiting(writeGathered(this.#socket, bytes))
    outbox ??= new PrefixViews(Buffer.allocUnsafeSlow(directBytes))
    outbox.bytes.set(bytes)
    return this.#write(handle, outbox.first(bytes.length), true)
  }

  /**
   * Writes bytes that MUST NOT change until they are on the wire.
   * @returns false when the socket is slow: wait for its `drain`.
   */
  write(bytes: Buffer): boolean {
    const handle = this.#handleFor(bytes.length)
    return handle === null ? this.#waiting(this.#socket.write(bytes)) : this.#write(handle, bytes, false)
  }

  /** Null: the bytes have to take the usual way. */
  #handleFor(length: number): TcpHandle | null {
    const socket: SocketInside = this.#socket
    const handle = socket._handle
    if (handle === null || handle === undefined) return null
    if (Request === null) {
      learn(handle)
      return null
    }
    const isFree =
      this.#pendingBytes === 0 && socket.writableLength === 0 && socket.writableCorked === 0 && socket.writable
    const isDirect = isFree && handle.constructor === TcpHandle && !socket.connecting
    return isDirect && length > 0 && length <= directBytes ? handle : null
  }

  /** What comes behind bytes that wait is to wait as well. */
  #waiting(taken: boolean): boolean {
    return taken && this.#pendingBytes === 0
  }

  #write(handle: TcpHandle, bytes: Buffer, fromOutbox: boolean): boolean {
    const request = spare ?? new (Request as new () => WriteRequest)()
    spare = null
    const status = handle.writeBuffer(request, bytes)
    if (status !== 0) {
      this.#failed(status)
      return true
    }
    if (handle.writeQueueSize === 0) {
      spare = request
      return true
    }
    // The memory belongs to the request from now on.
    if (fromOutbox) outbox = null
    this.#pendingBytes = bytes.length
    request.buffer = bytes
    request.oncomplete = (outcome) => this.#completed(outcome)
    return false
  }

  #completed(status: number): void {
    this.#pendingBytes = 0
    if (this.#socket.destroyed) return
    if (status < 0) this.#failed(status)
    else this.#socket.emit('drain')
  }

  #failed(status: number): void {
    const code = getSystemErrorName(status)
    this.#socket.destroy(Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: 'write' }))
  }
}

/** Lets the next write to this handle, which the stream makes, show the class of its request. */
function learn(handle: TcpHandle): void {
  const { writeBuffer, writeQueueSize, constructor: handleClass } = handle
  if (handleClass.name !== 'TCP' || typeof writeBuffer !== 'function' || typeof writeQueueSize !== 'number') return
  if (Object.hasOwn(handle, 'writeBuffer')) return
  const shown = (request: WriteRequest, bytes: Buffer): number => {
    Reflect.deleteProperty(handle, 'writeBuffer')
    TcpHandle = handleClass
    Request = request.constructor as new () => WriteRequest
    return handle.writeBuffer(request, bytes)
  }
  Object.defineProperty(handle, 'writeBuffer', { configurable: true, value: shown })
}
