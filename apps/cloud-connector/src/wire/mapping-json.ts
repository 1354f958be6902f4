import {
  type AuthenticationMode,
  type BackendType,
  type BlockedUser,
  type HostInHeader,
  isHttp,
  isRfc,
  type Protocol,
  type SystemMapping,
} from '@landbridge/access'
import type { Subaccount } from '@landbridge/connector'
import { Fields, invalid } from '../body/fields.ts'
import { type Links, subaccountPath } from './links.ts'

/** A system mapping; ports and the date are texts, counts are numbers, the order is the recorded one. */
export function mappingJson(mapping: SystemMapping, subaccount: Subaccount, links: Links): object {
  const self = mappingPath(subaccount, mapping)
  const { allowedClients, blockedUsers } = rfcListsOf(mapping)
  return {
    virtualHost: mapping.virtualHost,
    virtualPort: mapping.virtualPort,
    localHost: mapping.internalHost,
    localPort: mapping.internalPort,
    creationDate: String(mapping.createdAtMs),
    protocol: mapping.protocol,
    backendType: mapping.backendType,
    ...(isHttp(mapping.protocol) ? { hostInHeader: mapping.hostInHeader.toUpperCase() } : {}),
    ...(mapping.sid === undefined ? {} : { sid: mapping.sid }),
    totalResourcesCount: mapping.resources.length,
    enabledResourcesCount: mapping.resources.filter((resource) => resource.enabled).length,
    authenticationMode: mapping.authenticationMode,
    ...(mapping.description === undefined ? {} : { description: mapping.description }),
    ...(mapping.sncPartnerName === undefined ? {} : { sncPartnerName: mapping.sncPartnerName }),
    ...(mapping.sapRouter === undefined ? {} : { sapRouter: mapping.sapRouter }),
    allowedClients,
    // The wire name and the guide's name of the same list (guide L24302).
    blacklistedUsers: blockedUsers,
    blacklistedClientUsers: blockedUsers,
    _links: { self: links.link(self), resources: links.link(`${self}/resources`) },
  }
}

/** The RFC lists as they are shown: those of another protocol wait for the day that it speaks RFC again. */
export function rfcListsOf(mapping: SystemMapping): Pick<SystemMapping, 'allowedClients' | 'blockedUsers'> {
  if (!isRfc(mapping.protocol)) return { allowedClients: [], blockedUsers: [] }
  const blockedUsers = mapping.blockedUsers.map(({ client, user }) => ({ client, user }))
  return { allowedClients: mapping.allowedClients, blockedUsers }
}

export function mappingPath(subaccount: Subaccount, { virtualHost, virtualPort }: SystemMapping): string {
  const self = subaccountPath(subaccount.regionHost, subaccount.subaccountId)
  return `${self}/systemMappings/${encodeURIComponent(virtualHost)}:${encodeURIComponent(virtualPort)}`
}

/**
 * Reads a mapping. What is checked here is its shape; values are checked where they are stored.
 * @param before the mapping that is replaced: what a replacement does not touch comes from there.
 */
export function readMapping(fields: Fields, nowMs: number, before?: SystemMapping): SystemMapping {
  const address = readAddress(fields, before)
  const protocol = fields.required('protocol') as Protocol
  const snc = protocol === 'RFCS' ? fields.text('sncPartnerName') : undefined
  const router = isRfc(protocol) ? fields.text('sapRouter') : undefined
  return {
    ...address,
    internalHost: fields.required('localHost'),
    internalPort: fields.required('localPort'),
    protocol,
    backendType: fields.required('backendType') as BackendType,
    authenticationMode: (fields.text('authenticationMode') || 'NONE') as AuthenticationMode,
    hostInHeader: isHttp(protocol) ? readHostInHeader(fields) : 'virtual',
    ...optional('sid', fields.text('sid')),
    ...optional('description', fields.text('description')),
    ...optional('sncPartnerName', snc || undefined),
    ...optional('sapRouter', router || undefined),
    // An absent list stays, as resources do: losing it would open the system to every client. Another protocol has no
    // use for the lists, whatever is sent, and hands them on to the next one.
    allowedClients: (isRfc(protocol) ? readClients(fields) : undefined) ?? before?.allowedClients ?? [],
    blockedUsers: (isRfc(protocol) ? readBlockedUsers(fields) : undefined) ?? before?.blockedUsers ?? [],
    createdAtMs: before?.createdAtMs ?? nowMs,
    resources: before?.resources ?? [],
  }
}

function optional<K extends string>(name: K, value: string | undefined): { readonly [key in K]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]?: string })
}

function readAddress(fields: Fields, before?: SystemMapping): { virtualHost: string; virtualPort: string } {
  if (before === undefined)
    return { virtualHost: fields.required('virtualHost'), virtualPort: fields.required('virtualPort') }
  const host = fields.text('virtualHost') ?? before.virtualHost
  const port = fields.text('virtualPort') ?? before.virtualPort
  if (host.toLowerCase() !== before.virtualHost.toLowerCase()) throw invalid('virtualHost', 'cannot be changed')
  if (port !== before.virtualPort) throw invalid('virtualPort', 'cannot be changed')
  return { virtualHost: before.virtualHost, virtualPort: before.virtualPort }
}

function readHostInHeader(fields: Fields): HostInHeader {
  const value = fields.text('hostInHeader') || 'virtual'
  if (value === 'virtual' || value === 'VIRTUAL') return 'virtual'
  if (value === 'internal' || value === 'INTERNAL') return 'internal'
  throw invalid('hostInHeader', 'must be INTERNAL or VIRTUAL')
}

function readClients(fields: Fields): readonly string[] | undefined {
  return fields.list('allowedClients')?.map((client) => {
    if (typeof client !== 'string') throw invalid('allowedClients', 'must hold texts')
    return client
  })
}

function readBlockedUsers(fields: Fields): readonly BlockedUser[] | undefined {
  const wire = readPairs(fields, 'blacklistedUsers')
  const guide = readPairs(fields, 'blacklistedClientUsers')
  if (wire !== undefined && guide !== undefined && JSON.stringify(wire) !== JSON.stringify(guide))
    throw invalid('blacklistedUsers', 'differs from blacklistedClientUsers, which is the same list')
  return wire ?? guide
}

function readPairs(fields: Fields, name: string): readonly BlockedUser[] | undefined {
  return fields.list(name)?.map((pair) => {
    const members = new Fields(pair, name)
    return { client: members.required('client'), user: members.required('user') }
  })
}
