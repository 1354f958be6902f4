import { isIPv6 } from 'node:net'
import {
  type AuthenticationMode,
  authenticationModes,
  backendTypes,
  isHttp,
  isRfc,
  isTcp,
  type Protocol,
  protocols,
  type Resource,
  type SystemMapping,
} from './model.ts'
import { type PortRange, parsePort } from './port.ts'

/** What is wrong with one field of an entry; the reason completes "the field …". */
export interface EntryProblem {
  readonly field: string
  readonly reason: string
}

/** Which modes have an effect with a protocol (guide L21130). Others are accepted and have none. */
export const effectiveModes: Readonly<Record<Protocol, readonly AuthenticationMode[]>> = {
  HTTP: ['NONE', 'KERBEROS'],
  HTTPS: authenticationModes,
  RFC: ['NONE'],
  RFCS: ['NONE', 'X509_GENERAL', 'X509_RESTRICTED'],
  RFCWS: ['NONE', 'X509_GENERAL'],
  LDAP: ['NONE'],
  LDAPS: ['NONE'],
  TCP: ['NONE'],
  TCPS: ['NONE'],
}

/** All problems of a mapping on its own; empty when it is valid. Its resources are checked separately. */
export function checkMapping(mapping: SystemMapping): readonly EntryProblem[] {
  const problems: EntryProblem[] = []
  const complain = (field: string, reason: string): void => void problems.push({ field, reason })
  if (!protocols.includes(mapping.protocol)) {
    complain('protocol', `must be one of ${protocols.join(', ')}`)
    return problems
  }
  if (!backendTypes.includes(mapping.backendType)) complain('backendType', `must be one of ${backendTypes.join(', ')}`)
  if (!authenticationModes.includes(mapping.authenticationMode))
    complain('authenticationMode', `must be one of ${authenticationModes.join(', ')}`)
  if (!isHostName(mapping.virtualHost)) complain('virtualHost', hostRule)
  if (!isHostName(mapping.internalHost) && !isIPv6(mapping.internalHost)) complain('localHost', hostRule)
  const virtual = parsePort(mapping.virtualPort, mapping.protocol)
  const internal = parsePort(mapping.internalPort, mapping.protocol)
  if (virtual === undefined) complain('virtualPort', portRule(mapping.protocol))
  if (internal === undefined) complain('localPort', portRule(mapping.protocol))
  if (virtual !== undefined && internal !== undefined && width(virtual) !== width(internal))
    complain('localPort', 'must be a range of the same size as virtualPort')
  if (mapping.allowedClients.some((client) => !isClient(client)))
    complain('allowedClients', 'must hold clients of exactly three letters or digits')
  if (mapping.blockedUsers.some((entry) => !isClient(entry.client) || entry.user === ''))
    complain('blacklistedClientUsers', 'must hold pairs of a three-character client and a user name')
  return problems
}

/** All problems of a resource in a mapping of the given protocol. */
export function checkResource(resource: Resource, protocol: Protocol): readonly EntryProblem[] {
  if (!isHttp(protocol) && !isRfc(protocol)) return [{ field: 'protocol', reason: `${protocol} has no resources` }]
  if (resource.id === '') return [{ field: 'id', reason: 'must not be empty' }]
  if (/\p{Cc}/u.test(resource.id)) return [{ field: 'id', reason: 'must not contain control characters' }]
  if (Buffer.byteLength(resource.id) > longestId)
    return [{ field: 'id', reason: `must have at most ${longestId} bytes in UTF-8` }]
  if (isHttp(protocol) && !resource.id.startsWith('/')) return [{ field: 'id', reason: 'must start with /' }]
  if (isHttp(protocol) && resource.id.includes('?'))
    return [{ field: 'id', reason: 'must not contain ?: the query never takes part in the comparison' }]
  return []
}

/**
 * The first of `existing` that shares a port of its virtual host with `candidate`, itself included. A mapping is
 * identified by its virtual address (guide L21051), so two that overlap cannot both be told apart.
 */
export function findOverlap(existing: Iterable<SystemMapping>, candidate: SystemMapping): SystemMapping | undefined {
  const host = candidate.virtualHost.toLowerCase()
  const wanted = parsePort(candidate.virtualPort, candidate.protocol)
  for (const other of existing) {
    if (other.virtualHost.toLowerCase() !== host) continue
    if (other.virtualPort === candidate.virtualPort) return other
    const taken = parsePort(other.virtualPort, other.protocol)
    if (wanted === undefined || taken === undefined || wanted.low === 0 || taken.low === 0) continue
    if (wanted.low <= taken.high && taken.low <= wanted.high) return other
  }
  return undefined
}

/** Longer ones would not fit into the address of their resource. */
const longestId = 1_000

const hostRule = 'must be a host name without port, slash, colon or white space'

function isHostName(text: string): boolean {
  return text.length <= 253 && /^[^\s/\\:?#@[\]\p{Cc}]+$/u.test(text)
}

function isClient(text: string): boolean {
  return /^[A-Za-z0-9]{3}$/.test(text)
}

function width(range: PortRange): number {
  return range.high - range.low
}

function portRule(protocol: Protocol): string {
  if (isTcp(protocol)) return 'must be a port from 1 to 65535 or a range such as 8000-8009'
  if (isRfc(protocol)) return 'must be a port from 1 to 65535, sapgw<NN> or sapms<SID>'
  return 'must be a port from 1 to 65535'
}
