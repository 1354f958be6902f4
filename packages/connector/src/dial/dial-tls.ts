import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { PlatformError, type Secret } from '@landbridge/kernel'
import type { HttpsProxy } from '../runtime-port.ts'
import { addressesOf } from './addresses.ts'
import { openProxyTunnel } from './https-proxy.ts'

export interface DialOptions {
  /** The name that goes into SNI and that the server certificate must carry. */
  readonly serverName: string
  /** Where to connect; the server name itself when absent. */
  readonly address?: string
  readonly port: number
  /** CA certificates (PEM) that may have issued the server's certificate; the system's list when absent. */
  readonly ca?: string
  readonly clientCertificate?: { readonly cert: string; readonly key: Secret }
  /** Unless one of them is plain HTTP, a server that chooses none is not the one that is meant. */
  readonly alpn: readonly string[]
  readonly proxy?: HttpsProxy
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Failures of certificate verification, as opposed to those of the network. */
export const trustFailure = /^(CERT_|DEPTH_|ERR_TLS_CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_)/
/** The server knows none of the protocols that were offered (RFC 7301 section 3.2). */
const noProtocol = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'
/** While there is another address to try, one gets this long. */
const longestAttemptMs = 3_000

/** Who signed the certificate that was not believed: the name of a firewall that opens TLS, often enough. */
class Distrust extends Error {
  readonly issuer: string

  constructor(cause: Error, issuer: string) {
    super(cause.message, { cause })
    this.issuer = issuer
  }
}

/**
 * Opens a verified TLS connection, through the HTTPS proxy when there is one. DNS is asked anew each time; the addresses
 * of a name take turns, and when one fails the next is tried.
 * @throws PlatformError CLOUD_UNREACHABLE, CLOUD_UNTRUSTED, CLOUD_INTERCEPTED, PROXY_UNREACHABLE or PROXY_REFUSED.
 */
export async function dialTls(options: DialOptions): Promise<TLSSocket> {
  const { proxy, timeoutMs } = options
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal])
  const addresses = await inTime(addressesOf(proxy?.host ?? targetOf(options)), signal).catch((cause: unknown) => {
    throw explain(options, proxy === undefined ? cause : proxyUnreachable(proxy, cause))
  })
  const shareMs = Math.min(longestAttemptMs, timeoutMs / addresses.length)
  let failure: unknown
  for (const [at, address] of addresses.entries()) {
    const isLast = at === addresses.length - 1
    const attempt = isLast ? signal : AbortSignal.any([signal, AbortSignal.timeout(shareMs)])
    try {
      return await dialAddress(options, address, attempt)
    } catch (cause) {
      failure = attempt.aborted && !(cause instanceof PlatformError) ? late(cause) : cause
      // What the proxy decided is decided, whichever of its addresses is asked.
      if (signal.aborted || (cause instanceof PlatformError && cause.code === 'PROXY_REFUSED')) break
    }
  }
  throw explain(options, failure)
}

/** What the resolver answers, unless the time is up first: it cannot be told to stop. */
function inTime<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const reason = 'no answer in time from the name servers'
    const abort = (): void => reject(Object.assign(new Error(reason), { code: reason }))
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function targetOf({ address, serverName }: DialOptions): string {
  return address ?? serverName
}

async function dialAddress(options: DialOptions, address: string, signal: AbortSignal): Promise<TLSSocket> {
  const { proxy, port } = options
  let raw: Socket | undefined
  try {
    raw =
      proxy === undefined
        ? connectTcp({ host: address, port })
        : await openProxyTunnel({ ...proxy, host: address }, targetOf(options), port, signal).catch(
            (cause: unknown) => {
              throw cause instanceof PlatformError
                ? cause
                : proxyUnreachable(proxy, signal.aborted ? late(cause) : cause)
            },
          )
    const socket = await secure(raw, options, signal)
    if (socket.alpnProtocol || options.alpn.includes('http/1.1')) return socket
    socket.on('error', () => {})
    throw Object.assign(new Error('no protocol'), { code: noProtocol })
  } catch (cause) {
    raw?.destroy()
    throw cause
  }
}

function secure(raw: Socket, options: DialOptions, signal: AbortSignal): Promise<TLSSocket> {
  const { clientCertificate: client } = options
  const socket = connectTls({
    socket: raw,
    servername: options.serverName,
    ALPNProtocols: [...options.alpn],
    minVersion: 'TLSv1.2',
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(client === undefined ? {} : { cert: client.cert, key: client.key.reveal() }),
  })
  let issuer: object = {}
  // Before Node looks at the verification: afterwards the certificate is gone. The X509Certificate of the same socket
  // must not be asked for here, or Node finds none when it compares the host name.
  socket.prependOnceListener('secure', () => {
    issuer = socket.getPeerCertificate().issuer ?? {}
  })
  return new Promise((resolve, reject) => {
    const abort = (): void => fail(new Error('aborted'))
    const settle = (): void => {
      signal.removeEventListener('abort', abort)
      socket.off('error', fail).off('close', closed).off('secureConnect', secured)
      raw.off('error', fail)
    }
    const fail = (cause: Error): void => {
      settle()
      socket.on('error', () => {}).destroy()
      reject(trustFailure.test(errorCode(cause)) ? new Distrust(cause, oneLine(issuer)) : cause)
    }
    const closed = (): void => fail(Object.assign(new Error('closed during the handshake'), { code: 'ECONNRESET' }))
    const secured = (): void => {
      settle()
      resolve(socket)
    }
    signal.addEventListener('abort', abort, { once: true })
    raw.on('error', fail)
    socket.once('error', fail).once('close', closed).once('secureConnect', secured)
    if (signal.aborted) abort()
  })
}

/** The distinguished name of a stranger, fit for a line of a log. */
function oneLine(name: object): string {
  const parts = Object.entries(name).map(([type, value]) => `${type}=${String(value)}`)
  return parts
    .join(', ')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, 200)
}

function late(cause: unknown): Error {
  return Object.assign(new Error('no answer in time', { cause }), { code: 'no answer in time' })
}

function proxyUnreachable({ host, port }: HttpsProxy, cause: unknown): PlatformError {
  return new PlatformError('PROXY_UNREACHABLE', { host, port, reason: errorCode(cause) }, { cause })
}

function explain(options: DialOptions, cause: unknown): PlatformError {
  if (cause instanceof PlatformError) return cause
  const facts = { host: targetOf(options), port: options.port }
  if (cause instanceof Distrust) {
    const { issuer } = cause
    const reason = errorCode(cause.cause)
    return new PlatformError('CLOUD_UNTRUSTED', { ...facts, reason, ...(issuer === '' ? {} : { issuer }) }, { cause })
  }
  const reason = errorCode(cause)
  if (reason === noProtocol) return new PlatformError('CLOUD_INTERCEPTED', facts, { cause })
  return new PlatformError('CLOUD_UNREACHABLE', { ...facts, reason }, { cause })
}

/** The symbolic name of a system or TLS error. Its message is never looked at. */
export function errorCode(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  if (cause instanceof AggregateError) return errorCode(cause.errors[0])
  return 'failed'
}
