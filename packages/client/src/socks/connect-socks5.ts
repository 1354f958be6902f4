import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Clock } from '@landbridge/kernel'
import {
  type Socks5Answer,
  Socks5Reply,
  Socks5ReplyReader,
  socks5AuthRequest,
  socks5ConnectRequest,
  socks5Greeting,
} from '@landbridge/socks5'
import { clientError, reasonOf } from '../client-error.ts'

export interface Socks5Target {
  /** Virtual host; it is never resolved here. */
  readonly host: string
  readonly port: number
  readonly locationId?: string
}

export interface Socks5Connection {
  readonly proxy: { readonly host: string; readonly port: number }
  readonly token: string
  readonly target: Socks5Target
  /** From the first packet to the open connection. */
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal?: AbortSignal
}

/**
 * Opens a TCP connection through the SOCKS5 proxy with method 0x80 (guide L12551 to L13031). The socket is paused and
 * belongs to the caller; bytes that came early are waiting in it.
 * @throws PlatformError CLIENT_PROXY_TOKEN_REFUSED, CLIENT_HOST_NOT_EXPOSED, CONNECTOR_NOT_CONNECTED,
 * BACKEND_UNREACHABLE, CLIENT_PROXY_FAILED, CLIENT_SERVICE_UNREACHABLE, CLIENT_SERVICE_TIMEOUT; the signal's reason
 */
export async function openSocks5(connection: Socks5Connection): Promise<Socket> {
  const { proxy, token, target, clock, timeoutMs, signal } = connection
  signal?.throwIfAborted()
  // Built first: what does not fit is a mistake of the caller and opens no connection.
  const questions = {
    authentication: socks5AuthRequest(token, target.locationId ?? ''),
    connect: socks5ConnectRequest(target.host, target.port),
  }
  const deadline = new AbortController()
  const cancel = clock.after(timeoutMs, () => deadline.abort())
  const stop = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal])
  const socket = connect({ ...proxy, noDelay: true, keepAlive: true })
  // With an error: a silent end would leave those who wait for the connection waiting.
  const giveUp = (): void => void socket.destroy(new Error('given up'))
  stop.addEventListener('abort', giveUp, { once: true })
  try {
    await converse(socket, connection, questions)
    // Aborted in the last moment: nobody would close it.
    if (stop.aborted) throw stop.reason
    return socket
  } catch (cause) {
    // Later errors of the dead socket are nobody's.
    socket.on('error', () => {}).destroy()
    if (signal?.aborted === true) throw signal.reason
    const facts = { service: 'SOCKS5 proxy', address: addressOf(proxy) }
    if (deadline.signal.aborted) throw clientError('CLIENT_SERVICE_TIMEOUT', { ...facts, timeoutMs }, { cause })
    if (cause instanceof Error && 'code' in cause && 'syscall' in cause)
      throw clientError('CLIENT_SERVICE_UNREACHABLE', { ...facts, reason: reasonOf(cause) }, { cause })
    throw cause
  } finally {
    cancel()
    stop.removeEventListener('abort', giveUp)
  }
}

async function converse(
  socket: Socket,
  { proxy, target }: Socks5Connection,
  questions: { readonly authentication: Buffer; readonly connect: Buffer },
): Promise<void> {
  await once(socket, 'connect')
  const reader = new Socks5ReplyReader()
  const address = addressOf(proxy)
  const answers = answersOf(socket, reader, () =>
    clientError('CLIENT_PROXY_FAILED', { address, ...target, reason: 'the proxy closed the connection' }),
  )
  socket.write(socks5Greeting())
  for await (const answer of answers) {
    const failure = failureOf(answer, address, target)
    if (failure !== undefined) throw failure
    if (answer.kind === 'connect') return
    socket.write(answer.kind === 'method' ? questions.authentication : questions.connect)
  }
}

/** Answers as they come; afterwards the socket is paused, with what came behind the last one put back. */
async function* answersOf(
  socket: Socket,
  reader: Socks5ReplyReader,
  closed: () => Error,
): AsyncGenerator<Socks5Answer, void> {
  const waiting: Socks5Answer[] = []
  let wake = (): void => {}
  let failure: Error | undefined
  const take = (chunk: Buffer): void => {
    waiting.push(...reader.push(chunk))
    // The connection is open: from here on the bytes are the caller's.
    if (waiting.some(({ kind }) => kind === 'connect')) socket.pause().off('data', take)
    wake()
  }
  const fail = (error?: Error): void => {
    failure ??= error ?? closed()
    wake()
  }
  const end = (): void => fail()
  socket.on('data', take).on('error', fail).on('end', end).on('close', end)
  try {
    for (;;) {
      const answer = waiting.shift()
      if (answer !== undefined) yield answer
      else if (failure !== undefined) throw failure
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    socket.off('data', take).off('error', fail).off('end', end).off('close', end)
    const rest = reader.takeRest()
    if (rest.length > 0 && !socket.destroyed) socket.unshift(rest)
  }
}

function failureOf(answer: Socks5Answer, address: string, target: Socks5Target): Error | undefined {
  const { host, port, locationId = '' } = target
  if (answer.kind === 'malformed')
    return clientError('CLIENT_PROXY_FAILED', { address, host, port, reason: answer.reason })
  if (answer.kind === 'method')
    return answer.method === 0x80
      ? undefined
      : clientError('CLIENT_PROXY_FAILED', { address, host, port, reason: 'it does not know the token method 0x80' })
  if (answer.status === Socks5Reply.succeeded) return undefined
  if (answer.kind === 'authentication' || answer.status === Socks5Reply.connectionRefused)
    return clientError('CLIENT_PROXY_TOKEN_REFUSED', { address, host, port })
  switch (answer.status) {
    case Socks5Reply.forbidden:
      return clientError('CLIENT_HOST_NOT_EXPOSED', { host, port, locationId })
    case Socks5Reply.networkUnreachable:
      return clientError('CONNECTOR_NOT_CONNECTED', { locationId })
    case Socks5Reply.hostUnreachable:
      return clientError('BACKEND_UNREACHABLE', { system: `${host}:${port}` })
    default:
      return clientError('CLIENT_PROXY_FAILED', { address, host, port, status: answer.status })
  }
}

function addressOf({ host, port }: Socks5Connection['proxy']): string {
  return `${host}:${port}`
}
