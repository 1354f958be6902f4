import type { System } from '@landbridge/access'
import { copyFields, H, leaveOut, type RequestHead } from '@landbridge/http1'

// The proxy has removed its own headers already; a cloud side that did not must not reach the backend with them.
const alwaysOut = [
  H.connection,
  H.keepAlive,
  H.proxyConnection,
  H.proxyAuthorization,
  H.sapConnectivityAuthentication,
  H.sapConnectivityTechnicalAuthentication,
  H.sapLocationId,
  H.sapServiceToken,
  H.sapConsumerAccount,
  H.sapConnectivityOther,
  H.sslClientCert,
]
const virtualHostFilter = leaveOut([...alwaysOut, H.upgrade])
const internalHostFilter = leaveOut([...alwaysOut, H.upgrade, H.host, H.xForwardedHost])
const ticketVirtualHostFilter = leaveOut([...alwaysOut, H.upgrade, H.authorization])
const ticketInternalHostFilter = leaveOut([...alwaysOut, H.upgrade, H.host, H.xForwardedHost, H.authorization])

/** What the identity of the caller adds to a request. Null where nothing is propagated. */
export interface IdentityHeaders {
  /** Complete header lines, each with its CRLF. */
  readonly lines: string
  /** They log the user on: what the caller sent for that is left out. */
  readonly replacesAuthorization?: boolean
}

/** Room that the rewritten head may need beyond the received one. */
export const rewriteSlack = 1024

/**
 * Writes the request head as the backend shall see it (guide L21181, L31377): hop-by-hop and internal headers gone,
 * `Host` virtual or internal, `X-Forwarded-Host` set in the second case, identity headers only from the connector.
 * @returns the offset behind the head; the target has room for the received head, `identity` and `rewriteSlack`.
 */
export function rewriteRequestHead(
  source: Buffer,
  start: number,
  head: RequestHead,
  system: System,
  identity: IdentityHeaders | null,
  target: Buffer,
): number {
  const isLogon = identity?.replacesAuthorization === true
  let at: number
  if (system.hostInHeader === 'internal') {
    at = copyFields(source, head, isLogon ? ticketInternalHostFilter : internalHostFilter, target, 0, start)
    at += target.write(internalHostLines(source, head, system), at, 'latin1')
  } else at = copyFields(source, head, isLogon ? ticketVirtualHostFilter : virtualHostFilter, target, 0, start)
  if (head.upgradeIsWebSocket) {
    const protocol = source.toString('latin1', head.valueStart[head.upgradeIndex]!, head.valueEnd[head.upgradeIndex]!)
    at += target.write(`Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`, at, 'latin1')
  }
  if (identity !== null) at += target.write(identity.lines, at, 'latin1')
  target[at] = 13
  target[at + 1] = 10
  return at + 2
}

function internalHostLines(source: Buffer, head: RequestHead, system: System): string {
  const virtual =
    head.hostIndex < 0
      ? ''
      : source.toString('latin1', head.valueStart[head.hostIndex]!, head.valueEnd[head.hostIndex]!)
  const standard = system.tls ? 443 : 80
  const host = system.internalHost.includes(':') ? `[${system.internalHost}]` : system.internalHost
  const internal = system.internalPort === standard ? host : `${host}:${system.internalPort}`
  return `Host: ${internal}\r\n${virtual === '' ? '' : `X-Forwarded-Host: ${virtual}\r\n`}`
}
