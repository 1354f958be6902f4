import { copyBytes, copyFields, H, leaveOut, type RequestHead, TargetForm } from '@landbridge/http1'

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
  let at = copyBytes(source, head.methodStart, head.methodEnd + 1, target, start)
  if (head.targetForm === TargetForm.absolute && (head.pathStart === head.pathEnd || source[head.pathStart] !== slash))
    target[at++] = slash
  // The path, " HTTP/1.x" and the line end: the path reaches up to the end of the target.
  at = copyBytes(source, head.pathStart, head.fieldsStart, target, at)
  at = copyBytes(hostName, 0, hostName.length, target, at)
  // In absolute form the authority reaches up to the path.
  at = copyBytes(source, head.hostStart, head.pathStart, target, at)
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
