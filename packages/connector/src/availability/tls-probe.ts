import type { Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Clock } from '@landbridge/kernel'
import { errorCode } from '../dial/dial-tls.ts'
import type { BackendTrust, SystemCertificate } from '../runtime-port.ts'

export interface ProbeOptions {
  readonly host: string
  readonly trust: BackendTrust
  /** Offered when the server asks for one. */
  readonly certificate?: SystemCertificate
  readonly clock: Clock
  readonly timeoutMs: number
  /** How long after the handshake a server may still object to the certificate. */
  readonly objectionMs: number
}

/** What a server let be seen of itself. */
export interface ServerCertificate {
  readonly subject: string
  readonly issuer: string
  readonly validTo: string
}

export interface Handshake {
  /** Absent: the connection stood when the time for objections was over. */
  readonly failure?: string
  readonly isRequested: boolean
  /** Absent: trusted. Otherwise the symbolic reason. */
  readonly distrust?: string
  readonly server?: ServerCertificate
  readonly protocol?: string
}

/**
 * A TLS handshake over an open connection, which is closed afterwards. The server's certificate is looked at and not
 * insisted on, so that client authentication is tried whatever comes of it. Never rejects.
 */
export function probeTls(raw: Socket, options: ProbeOptions): Promise<Handshake> {
  const { host, trust, certificate, clock, timeoutMs, objectionMs } = options
  const socket = connectTls({
    socket: raw,
    // As for requests: SNI carries names only (RFC 6066 section 3).
    servername: /^[\d.]+$|:/.test(host) ? '' : host,
    host,
    minVersion: 'TLSv1.2',
    ca: [...trust.certificates],
    rejectUnauthorized: false,
    ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key.reveal() }),
  })
  return new Promise((resolve) => {
    let seen: Omit<Handshake, 'failure'> = { isRequested: false }
    let isOpen = false
    let cancel = (): void => {}
    const finish = (failure?: string): void => {
      cancel()
      if (!isOpen) seen = { ...seen, isRequested: isRequested(socket) }
      socket.removeAllListeners().on('error', () => {})
      raw.on('error', () => {})
      socket.destroy()
      raw.destroy()
      resolve({ ...seen, ...(failure === undefined ? {} : { failure }) })
    }
    cancel = clock.after(timeoutMs, () => finish('ETIMEDOUT'))
    socket.once('error', (cause) => finish(errorCode(cause)))
    socket.once('close', () => finish('ECONNRESET'))
    socket.once('secureConnect', () => {
      isOpen = true
      seen = look(socket)
      cancel()
      // From TLS 1.3 on the server judges the certificate after the client is done (RFC 8446 section 4.4.2.4).
      cancel = clock.after(objectionMs, () => finish())
      socket.resume()
    })
  })
}

/** OpenSSL knows the signature algorithms of a certificate request, and has none where there was no request. */
function isRequested(socket: TLSSocket): boolean {
  try {
    return socket.getSharedSigalgs().length > 0
  } catch {
    return false
  }
}

function look(socket: TLSSocket): Omit<Handshake, 'failure'> {
  const { subject, issuer, valid_to: validTo } = socket.getPeerCertificate()
  const distrust = socket.authorized ? undefined : String(socket.authorizationError)
  return {
    isRequested: isRequested(socket),
    ...(distrust === undefined ? {} : { distrust }),
    ...(validTo === undefined
      ? {}
      : { server: { subject: nameOf(subject), issuer: nameOf(issuer), validTo: new Date(validTo).toISOString() } }),
    protocol: socket.getProtocol() ?? '',
  }
}

/** A distinguished name in the usual order; what the server sends is shortened. */
function nameOf(name: object): string {
  return Object.entries(name)
    .map(([type, value]) => `${type}=${String(value)}`)
    .reverse()
    .join(', ')
    .slice(0, 500)
}
