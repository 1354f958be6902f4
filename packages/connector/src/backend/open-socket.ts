import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { PrefixViews } from '@landbridge/tunnel'
import type { ClientCertificate } from './backend-identity.ts'
import { type BackendSecurity, secureContextOf } from './secure-contexts.ts'

/** Every read of every backend connection lands here: what is read is passed on before the next read. */
const reads = new PrefixViews(Buffer.allocUnsafeSlow(64 * 1024))

/**
 * Starts connecting to an internal system. Half-open, so that an answer after the end of the request is heard.
 * @param received gets what the system sends, in a buffer that is reused after the call: copy what has to be kept.
 *   (Allocating for each read costs more in garbage collection than it saves in copying: docs/benchmarks.md.)
 * @param alpn protocols to offer over TLS; none for protocols that are not HTTP.
 * @param session of an earlier TLS connection of the same identity to the same address, to begin where it ended.
 * @param user whose certificate is shown instead of the connector's.
 */
export function openBackendSocket(
  host: string,
  port: number,
  secure: boolean,
  security: BackendSecurity,
  received: (borrowed: Buffer) => void,
  alpn: readonly string[] = [],
  session: Buffer | null = null,
  user: ClientCertificate | null = null,
): Socket {
  const onread = {
    buffer: reads.bytes,
    callback: (bytes: number): boolean => {
      received(reads.first(bytes))
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
    secureContext: secureContextOf(security, user),
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
