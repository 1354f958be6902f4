import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { systemClock } from '@landbridge/kernel'
import { Session, type SessionOptions, type Stream, type StreamSink } from '../src/index.ts'

/** Two ends of one loopback TCP connection, neither of which ends by itself when the other does if `allowHalfOpen`. */
export async function socketPair({ allowHalfOpen = false } = {}): Promise<{ near: Socket; far: Socket }> {
  const listener = createServer({ allowHalfOpen })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  const near = connect({ port, host: '127.0.0.1', allowHalfOpen })
  const [far] = (await once(listener, 'connection')) as [Socket]
  listener.close()
  if (near.connecting) await once(near, 'connect')
  return { near, far }
}

/** A session and the promise of its end: the cause, or undefined after an orderly end. */
export interface Observed {
  readonly session: Session
  readonly closed: Promise<Error | undefined>
}

export function observe(socket: Socket, role: 'client' | 'server', options: Partial<SessionOptions> = {}): Observed {
  let over: (cause?: Error) => void = () => {}
  const closed = new Promise<Error | undefined>((resolve) => {
    over = resolve
  })
  const session = new Session(socket, {
    role,
    clock: systemClock,
    accept: () => echo,
    ...options,
    closed: (cause) => over(cause),
  })
  return { session, closed }
}

export interface PairOptions {
  readonly client?: Partial<SessionOptions>
  readonly server?: Partial<SessionOptions>
  /** Sockets to use instead of a fresh pair. */
  readonly sockets?: { readonly near: Socket; readonly far: Socket }
}

/** Two sessions on one real connection; each echoes what the other opens unless told otherwise. */
export async function sessionPair(options: PairOptions = {}) {
  const { near, far } = options.sockets ?? (await socketPair())
  const client = observe(near, 'client', options.client)
  const server = observe(far, 'server', options.server)
  const closed = () => Promise.all([client.closed, server.closed])
  return {
    client: client.session,
    server: server.session,
    closed,
    async [Symbol.asyncDispose]() {
      client.session.destroy()
      server.session.destroy()
      await closed()
    },
  }
}

/** Collects what a stream delivers. Consumes at once unless `holding`. */
export class Collector implements StreamSink {
  readonly chunks: Buffer[]
  /** Resolves with all bytes at the peer's end, rejects with `reset` when the stream breaks. */
  readonly ended: Promise<Buffer>
  receivedBytes: number
  holding: boolean
  heldBytes: number
  drained: number
  /** Every event in order, for tests of what a sink is told. */
  readonly events: string[]
  readonly #done: PromiseWithResolvers<Buffer>

  constructor(holding = false) {
    this.chunks = []
    this.receivedBytes = 0
    this.holding = holding
    this.heldBytes = 0
    this.drained = 0
    this.events = []
    this.#done = Promise.withResolvers<Buffer>()
    this.ended = this.#done.promise
    this.ended.catch(() => {})
  }

  /** Consumes up to `bytes` of what is held. */
  consume(stream: Stream, bytes = this.heldBytes): void {
    const taken = Math.min(bytes, this.heldBytes)
    this.heldBytes -= taken
    if (taken > 0) stream.consumed(taken)
  }

  streamData(stream: Stream, chunk: Buffer): void {
    this.chunks.push(Buffer.from(chunk))
    this.receivedBytes += chunk.length
    if (this.holding) this.heldBytes += chunk.length
    else stream.consumed(chunk.length)
  }
  streamEnd(): void {
    this.events.push('end')
    this.#done.resolve(Buffer.concat(this.chunks))
  }
  streamReset(): void {
    this.events.push('reset')
    this.#done.reject(new Error('reset'))
  }
  streamDrain(_stream: Stream): void {
    this.drained++
  }
}

/** Sends back what arrives and returns credit once the answer is on its way. */
export const echo: StreamSink = {
  streamData(stream, chunk) {
    stream.write(Buffer.from(chunk))
    stream.consumed(chunk.length)
  },
  streamEnd: (stream) => stream.end(),
  streamReset() {},
  streamDrain() {},
}

/** Waits, turn by turn of the event loop, until the condition holds. The test's own time limit is the deadline. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
