import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, createSecureContext, type SecureContext } from 'node:tls'
import type { BackendTrust, SystemCertificate } from '../runtime-port.ts'

export interface BackendSecurity {
  readonly trust: BackendTrust
  readonly systemCertificate?: SystemCertificate
}

/** Reading certificates and keys costs more than a handshake: they are read once. */
const contexts = new WeakMap<BackendSecurity, SecureContext>()

function contextOf(security: BackendSecurity): SecureContext {
  const known = contexts.get(security)
  if (known !== undefined) return known
  const { trust, systemCertificate } = security
  const context = createSecureContext({
    minVersion: 'TLSv1.2',
    // An empty list trusts nobody; the system's own list is never used (guide L19812).
    ca: [...trust.certificates],
    ...(systemCertificate === undefined ? {} : { cert: systemCertificate.cert, key: systemCertificate.key.reveal() }),
  })
  contexts.set(security, context)
  return context
}

/** Every read of every backend connection lands here: what is read is passed on before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/**
 * Starts connecting to an internal system. Half-open, so that an answer after the end of the request is heard.
 * @param received gets what the system sends, in a buffer that is reused after the call: copy what has to be kept.
 *   (Allocating for each read costs more in garbage collection than it saves in copying: docs/benchmarks.md.)
 * @param alpn protocols to offer over TLS; none for protocols that are not HTTP.
 * @param session of an earlier TLS connection of the same identity to the same address, to begin where it ended.
 */
export function openBackendSocket(
  host: string,
  port: number,
  secure: boolean,
  security: BackendSecurity,
  received: (borrowed: Buffer) => void,
  alpn: readonly string[] = [],
  session: Buffer | null = null,
): Socket {
  const onread = {
    buffer: readBuffer,
    callback: (bytes: number): boolean => {
      received(readBuffer.subarray(0, bytes))
      return true
    },
  }
  if (!secure) return connectTcp({ host, port, allowHalfOpen: true, onread })
  const { trust } = security
  const options: ConnectionOptions & { allowHalfOpen: boolean; onread: typeof onread } = {
    onread,
    host,
    port,
    // SNI carries names only (RFC 6066 section 3).
    servername: /^[\d.]+$|:/.test(host) ? '' : host,
    allowHalfOpen: true,
    secureContext: contextOf(security),
    rejectUnauthorized: !trust.trustAllBackends,
    ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
    ...(session === null ? {} : { session }),
  }
  return connectTls(options)
}

/** The event that says that the connection can be used. */
export function openEvent(secure: boolean): 'secureConnect' | 'connect' {
  return secure ? 'secureConnect' : 'connect'
}
