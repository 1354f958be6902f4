import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { PlatformError, type Secret } from '@landbridge/kernel'
import type { HttpsProxy } from '../runtime-port.ts'
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
  readonly alpn: readonly string[]
  readonly proxy?: HttpsProxy
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Failures of certificate verification, as opposed to those of the network. */
const trustFailure = /^(CERT_|DEPTH_|ERR_TLS_CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_)/

/**
 * Opens a verified TLS connection, through the HTTPS proxy when there is one. DNS is asked anew each time.
 * @throws PlatformError CLOUD_UNREACHABLE, CLOUD_UNTRUSTED or PROXY_REFUSED.
 */
export async function dialTls(options: DialOptions): Promise<TLSSocket> {
  const host = options.address ?? options.serverName
  const facts = { host, port: options.port }
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal])
  let raw: Socket | undefined
  try {
    raw =
      options.proxy === undefined
        ? connectTcp({ host, port: options.port })
        : await openProxyTunnel(options.proxy, host, options.port, signal)
    return await secure(raw, options, signal)
  } catch (cause) {
    raw?.destroy()
    if (cause instanceof PlatformError) throw cause
    const code = errorCode(cause)
    const reason = deadline.aborted ? 'no answer in time' : code
    throw new PlatformError(
      trustFailure.test(code) ? 'CLOUD_UNTRUSTED' : 'CLOUD_UNREACHABLE',
      { ...facts, reason },
      { cause },
    )
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
      reject(cause)
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

/** The symbolic name of a system or TLS error. Its message is never looked at. */
export function errorCode(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  if (cause instanceof AggregateError) return errorCode(cause.errors[0])
  return 'failed'
}
