import type { AccessTable } from '@landbridge/access'
import { copyFields, H, leaveOut, type ResponseHead } from '@landbridge/http1'
import type { DomainMapping } from '../runtime-port.ts'

const hopByHop = [
  H.connection,
  H.keepAlive,
  H.proxyConnection,
  H.proxyAuthenticate,
  H.proxyAuthenticationInfo,
  H.upgrade,
]
const plainFilter = leaveOut(hopByHop)
const redirectFilter = leaveOut([...hopByHop, H.location])
const cookieFilter = leaveOut([...hopByHop, H.setCookie])
const bothFilter = leaveOut([...hopByHop, H.location, H.setCookie])
const version11 = Buffer.from('HTTP/1.1')

/** What is needed to show the cloud virtual names instead of internal ones. */
export interface Names {
  readonly access: AccessTable
  readonly domainMappings: readonly DomainMapping[]
}

/**
 * Writes the response head as the cloud shall see it: hop-by-hop headers gone, `Location` of a redirect and cookie
 * domains with virtual names (guide L21074, L27693). The body's framing headers stay as they are.
 * @returns the offset behind the head; the target has room for twice the received head and 1,024 bytes.
 */
export function rewriteResponseHead(
  source: Buffer,
  start: number,
  head: ResponseHead,
  names: Names,
  scheme: 'http' | 'https',
  target: Buffer,
): number {
  const redirect = head.status >= 300 && head.status < 400 ? head.find(H.location) : -1
  const cookie = head.find(H.setCookie)
  const filter = redirect < 0 ? (cookie < 0 ? plainFilter : cookieFilter) : cookie < 0 ? redirectFilter : bothFilter
  let at = copyFields(source, head, filter, target, 0, start)
  if (head.minorVersion === 0) version11.copy(target)
  if (redirect >= 0) at = writeLocation(source, head, redirect, names, scheme, target, at)
  for (let i = cookie; i >= 0; i = head.find(H.setCookie, i + 1)) at = writeCookie(source, head, i, names, target, at)
  if (head.status === 101 && head.upgradeIndex >= 0) {
    const protocol = source.toString('latin1', head.valueStart[head.upgradeIndex]!, head.valueEnd[head.upgradeIndex]!)
    at += target.write(`Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`, at, 'latin1')
  }
  target[at] = 13
  target[at + 1] = 10
  return at + 2
}

function writeLocation(
  source: Buffer,
  head: ResponseHead,
  index: number,
  names: Names,
  scheme: 'http' | 'https',
  target: Buffer,
  at: number,
): number {
  const location = source.toString('latin1', head.valueStart[index]!, head.valueEnd[index]!)
  return at + target.write(`Location: ${virtualLocation(location, names.access, scheme)}\r\n`, at, 'latin1')
}

const absolute = /^(?:(https?):)?\/\/([^/?#]*)(.*)$/is
const authority = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i

/**
 * The redirect target with the virtual host and port of the first mapping that leads to its host and port; unchanged
 * if there is none. The scheme becomes http: cloud clients may speak nothing else to the proxy (guide L34471).
 */
export function virtualLocation(location: string, access: AccessTable, scheme: 'http' | 'https'): string {
  const parts = absolute.exec(location)
  const address = parts === null ? null : authority.exec(parts[2]!)
  if (parts === null || address === null) return location
  const secure = (parts[1] ?? scheme).toLowerCase() === 'https'
  const port = address[3] === undefined ? (secure ? 443 : 80) : Number(address[3])
  const system = access.findByInternalAddress((address[1] ?? address[2]!).toLowerCase(), port)
  return system === undefined ? location : `http://${system.virtualHost}:${system.virtualPort}${parts[3]}`
}

function writeCookie(
  source: Buffer,
  head: ResponseHead,
  index: number,
  names: Names,
  target: Buffer,
  at: number,
): number {
  const cookie = source.toString('latin1', head.valueStart[index]!, head.valueEnd[index]!)
  return at + target.write(`Set-Cookie: ${virtualCookie(cookie, names)}\r\n`, at, 'latin1')
}

/** The cookie with a virtual domain where its `Domain` attribute names an internal one (guide L27722). */
export function virtualCookie(cookie: string, names: Names): string {
  return cookie.replace(/(;\s*domain\s*=\s*)(\.?)([^;\s]+)/i, (whole, name: string, dot: string, domain: string) => {
    const wanted = domain.toLowerCase()
    const mapped = names.domainMappings.find((mapping) => mapping.internalDomain.toLowerCase() === wanted)
    const virtual = mapped?.virtualDomain ?? names.access.findByInternalHost(wanted)?.virtualHost
    return virtual === undefined ? whole : `${name}${dot}${virtual}`
  })
}
