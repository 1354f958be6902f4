import type { Socket } from 'node:net'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Logger, Stream as PeerStream, StreamMuxer } from '@libp2p/interface'
import { AbstractMultiaddrConnection } from '@libp2p/utils'

const log: Logger = Object.assign(() => {}, { enabled: false, trace() {}, error() {}, newScope: () => log })

/** A TCP socket as js-libp2p wants to see one. */
class SocketConnection extends AbstractMultiaddrConnection {
  readonly #socket: Socket

  constructor(socket: Socket, direction: 'inbound' | 'outbound') {
    // The muxer never looks at the address; making one would need a package more.
    super({ direction, log, remoteAddr: undefined as never, inactivityTimeout: 3_600_000 })
    this.#socket = socket
    socket.on('data', (bytes) => this.onData(bytes))
    socket.on('drain', () => this.safeDispatchEvent('drain'))
    socket.on('end', () => this.onTransportClosed())
    socket.on('error', () => {})
    socket.on('close', () => this.onTransportClosed())
  }

  sendData(data: { readonly byteLength: number; subarray(): Uint8Array }) {
    const sentBytes = data.byteLength
    return { sentBytes, canSendMore: this.#socket.write(data.subarray()) }
  }

  sendReset(): void {
    this.#socket.resetAndDestroy()
  }

  async sendClose(): Promise<void> {
    this.#socket.end()
  }

  sendPause(): void {
    this.#socket.pause()
  }

  sendResume(): void {
    this.#socket.resume()
  }
}

/** The independent implementation at one end of a socket. It echoes what we open unless a listener is given. */
export function libp2pMuxer(
  socket: Socket,
  role: 'client' | 'server',
  accept: (stream: PeerStream) => void = echoBack,
): StreamMuxer {
  const connection = new SocketConnection(socket, role === 'client' ? 'outbound' : 'inbound')
  const muxer = yamux({ enableKeepAlive: false })().createStreamMuxer(connection)
  muxer.addEventListener('stream', ({ detail }) => accept(detail))
  return muxer
}

// This implementation looks at the flags of a data frame before its payload: it tells the end of a stream first and the
// bytes that came with it afterwards, in the same turn. Whoever listens has to wait for the turn to finish. A stream
// whose own direction it ended before drops those bytes, so the tests end such streams with a frame of its own.

/** Sends everything back and ends when the other side did. */
export function echoBack(stream: PeerStream): void {
  stream.addEventListener('message', ({ data }) => {
    stream.send(data)
  })
  stream.addEventListener('remoteCloseWrite', () => setImmediate(() => stream.close().catch(() => {})))
}

/** All bytes that arrive on a stream until the peer's end; rejects when the stream is reset. */
export function collect(stream: PeerStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const done = () => setImmediate(() => resolve(Buffer.concat(chunks)))
  stream.addEventListener('message', ({ data }) => chunks.push(Buffer.from(data.subarray())))
  stream.addEventListener('remoteCloseWrite', done)
  stream.addEventListener('close', (event) => {
    if (event.error === undefined) done()
    else reject(event.error)
  })
  promise.catch(() => {})
  return promise
}
