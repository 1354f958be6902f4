import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { BackendTrust, SystemCertificate } from '../runtime-port.ts'

export interface BackendSecurity {
  readonly trust: BackendTrust
  readonly systemCertificate?: SystemCertificate
}

/**
 * Starts connecting to an internal system. Half-open, so that an answer after the end of the request is heard.
 * @param alpn protocols to offer over TLS; none for protocols that are not HTTP.
 */
export function openBackendSocket(
  host: string,
  port: number,
  secure: boolean,
  security: BackendSecurity,
  alpn: readonly string[] = [],
): Socket {
  if (!secure) return connectTcp({ host, port, allowHalfOpen: true })
  const { trust, systemCertificate } = security
  const options: ConnectionOptions & { allowHalfOpen: boolean } = {
    host,
    port,
    // SNI carries names only (RFC 6066 section 3).
    servername: /^[\d.]+$|:/.test(host) ? '' : host,
    allowHalfOpen: true,
    minVersion: 'TLSv1.2',
    // An empty list trusts nobody; the system's own list is never used (guide L19812).
    ca: [...trust.certificates],
    rejectUnauthorized: !trust.trustAllBackends,
    ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
    ...(systemCertificate === undefined ? {} : { cert: systemCertificate.cert, key: systemCertificate.key.reveal() }),
  }
  return connectTls(options)
}

/** The event that says that the connection can be used. */
export function openEvent(secure: boolean): 'secureConnect' | 'connect' {
  return secure ? 'secureConnect' : 'connect'
}
