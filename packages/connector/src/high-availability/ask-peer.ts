import { type IncomingMessage, request } from 'node:http'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { Clock, Secret } from '@landbridge/kernel'
import { errorCode } from '../dial/dial-tls.ts'
import { fingerprintOf, type PeerIdentity, proveIdentity } from './peer-proof.ts'

export interface PeerCall {
  readonly host: string
  readonly port: number
  /** What to ask: the last part of the address. */
  readonly operation: 'register' | 'status' | 'watch' | 'leave'
  readonly body: object
  readonly identity: PeerIdentity
  /** SHA-256 of the only certificate to talk to; without it, whoever answers. */
  readonly fingerprint?: string
  readonly credentials?: { readonly user: string; readonly password: Secret }
  readonly connectTimeoutMs: number
  readonly answerTimeoutMs: number
  readonly clock: Clock
  readonly signal?: AbortSignal
}

export type PeerAnswer =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly body: Readonly<Record<string, unknown>>
      /** PEM of the certificate that the peer showed. */
      readonly certificate: string
    }
  | { readonly kind: 'unreachable' | 'untrusted'; readonly reason: string }

export const peerPath = '/api/v1/landbridge/ha/peer/'
export const proofHeader = 'landbridge-ha-proof'
/** A configuration with some ten thousand mappings. */
const maxAnswerBytes = 64 * 1024 * 1024

/**
 * Asks the other instance of the pair, over a connection of its own and never through a proxy (guide L28764). Nothing
 * is sent before the certificate is known to be the right one.
 */
export async function askPeer(call: PeerCall): Promise<PeerAnswer> {
  const limit = new Deadline(call)
  let socket: TLSSocket | undefined
  try {
    limit.expect(call.connectTimeoutMs, 'no connection in time')
    socket = await dial(call, limit.signal)
    const certificate = socket.getPeerX509Certificate()?.toString() ?? ''
    if (call.fingerprint !== undefined && fingerprintOf(certificate) !== call.fingerprint)
      return {
        kind: 'untrusted',
        reason: 'the other instance shows another certificate than the one that was exchanged',
      }
    limit.expect(call.answerTimeoutMs, 'no answer in time')
    const response = await send(socket, call, limit.signal)
    return { kind: 'answer', status: response.statusCode ?? 0, body: await readJson(response), certificate }
  } catch (cause) {
    return { kind: 'unreachable', reason: limit.reason ?? errorCode(cause) }
  } finally {
    limit.stop()
    socket?.destroy()
  }
}

/** The time that one phase of a call may take, by the clock of the connector. */
class Deadline {
  readonly #clock: Clock
  readonly #own: AbortController
  readonly signal: AbortSignal
  #cancel: () => void
  #reason: string | undefined

  constructor({ clock, signal }: PeerCall) {
    this.#clock = clock
    this.#own = new AbortController()
    this.signal = signal === undefined ? this.#own.signal : AbortSignal.any([signal, this.#own.signal])
    this.#cancel = () => {}
    this.#reason = undefined
  }

  /** Why the call ended, if it took too long. */
  get reason(): string | undefined {
    return this.#reason
  }

  expect(withinMs: number, otherwise: string): void {
    this.#cancel()
    this.#cancel = this.#clock.after(withinMs, () => {
      this.#reason = otherwise
      this.#own.abort()
    })
  }

  stop(): void {
    this.#cancel()
  }
}

function dial({ host, port }: PeerCall, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      // The certificate is compared as a whole: who issued it for which name says nothing more.
      rejectUnauthorized: false,
    })
    const abort = (): void => fail(new Error('aborted'))
    const closed = (): void => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }))
    const settle = (): void => {
      signal.removeEventListener('abort', abort)
      socket.off('error', fail).off('close', closed)
    }
    const fail = (cause: Error): void => {
      settle()
      socket.on('error', () => {}).destroy()
      reject(cause)
    }
    signal.addEventListener('abort', abort, { once: true })
    socket.once('error', fail).once('close', closed)
    socket.once('secureConnect', () => {
      settle()
      socket.on('error', () => {})
      resolve(socket)
    })
    if (signal.aborted) abort()
  })
}

function send(socket: TLSSocket, call: PeerCall, signal: AbortSignal): Promise<IncomingMessage> {
  const body = JSON.stringify(call.body)
  const { credentials } = call
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        createConnection: () => socket,
        method: 'POST',
        path: peerPath + call.operation,
        signal,
        headers: {
          host: `${call.host}:${call.port}`,
          connection: 'close',
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          [proofHeader]: proveIdentity(socket, call.identity),
          ...(credentials === undefined ? {} : { authorization: basic(credentials) }),
        },
      },
      resolve,
    )
    sent.once('error', reject)
    sent.end(body)
  })
}

function basic({ user, password }: NonNullable<PeerCall['credentials']>): string {
  return `Basic ${Buffer.from(`${user}:${password.reveal()}`).toString('base64')}`
}

async function readJson(response: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxAnswerBytes) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  const value: unknown = text === '' ? {} : JSON.parse(text)
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
