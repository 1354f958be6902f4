import { copyFields, H, leaveOut, type RequestHead, TargetForm } from '@landbridge/http1'

/** Headers that end at the proxy (guide L31377) and those of this hop alone (RFC 9110 section 7.6.1). */
const filter = leaveOut([
  H.host,
  H.connection,
  H.keepAlive,
  H.proxyConnection,
  H.upgrade,
  H.proxyAuthorization,
  H.sapConnectivityAuthentication,
  H.sapConnectivityTechnicalAuthentication,
  H.sapLocationId,
  H.sapServiceToken,
  H.sapConsumerAccount,
  H.sapConnectivityOther,
])

const hostName = Buffer.from('Host: ')
const upgradeLines = Buffer.from('Connection: Upgrade\r\n')
const slash = 0x2f

/** Room that the rewritten head may need beyond the received one. */
export const forwardSlack = 256

/**
 * Writes the request head for the tunnel: origin form, `Host` from the target, without the headers of this hop.
 * Method, path, version and all other header lines keep their bytes.
 * @returns the offset behind the head.
 */
export function writeForwardHead(source: Buffer, head: RequestHead, target: Buffer, start: number): number {
  let at = start + source.copy(target, start, head.methodStart, head.methodEnd + 1)
  if (head.targetForm === TargetForm.absolute && (head.pathStart === head.pathEnd || source[head.pathStart] !== slash))
    target[at++] = slash
  at += source.copy(target, at, head.pathStart, head.pathEnd)
  // " HTTP/1.x" and the line end, which follow the target.
  const lineEnd = head.headerCount > 0 ? head.nameStart[0]! : head.fieldsEnd
  at += source.copy(target, at, head.targetEnd, lineEnd)
  at += hostName.copy(target, at)
  // In absolute form the authority reaches up to the path.
  at += source.copy(target, at, head.hostStart, head.pathStart)
  target[at++] = 13
  target[at++] = 10
  at = copyFields(source, head, filter, target, at)
  // Any other protocol (h2c above all) would leave access control behind: its request goes on as a plain one.
  if (head.upgradeIsWebSocket) {
    at += upgradeLines.copy(target, at)
    at += source.copy(target, at, head.nameStart[head.upgradeIndex]!, head.lineEnd[head.upgradeIndex]!)
  }
  target[at] = 13
  target[at + 1] = 10
  return at + 2
}
