import { isHttp, type Resource, type SystemMapping } from '@landbridge/access'
import {
  type ChannelType,
  channelTypes,
  type Scenario,
  type ServiceChannel,
  type Subaccount,
  type SubaccountContent,
  scenarioKinds,
} from '@landbridge/connector'
import { isPlatformError } from '@landbridge/kernel'
import { Fields, invalid } from '../body/fields.ts'
import { readChannel } from './channel-json.ts'
import { readDomainMapping } from './domain-mapping-json.ts'
import { readMapping, rfcListsOf } from './mapping-json.ts'
import { readResource, scenariosJson } from './resource-json.ts'

const most = { systemMappings: 20_000, resources: 200_000, domainMappings: 10_000, channels: 1_000 } as const
const maxNameLength = 100
const maxScenarios = 100

/** Mappings with their resources, under the names of the REST API. */
export function mappingsContent(mappings: Iterable<SystemMapping>): object {
  return { systemMappings: Array.from(mappings, mappingContent) }
}

/** Both directions of a subaccount, without its identity and without principal propagation (guide L19440). */
export function subaccountContent({ mappings, domainMappings, channels }: Subaccount): object {
  return {
    cloudToOnPremise: {
      ...mappingsContent(mappings.values()),
      domainMappings: Array.from(domainMappings.values(), ({ virtualDomain, internalDomain }) => ({
        virtualDomain,
        internalDomain,
      })),
    },
    onPremiseToCloud: { channels: Array.from(channels.values(), channelContent) },
  }
}

export function scenarioContent({ name, kind, resources }: Scenario): object {
  // Of which scenarios they are here is of no interest elsewhere.
  return { name, protocol: kind, resources: resources.map((resource) => resourceContent(resource, {})) }
}

/** @throws PlatformError REQUEST_INVALID that names the entry */
export function readMappings(content: Fields, nowMs: number): readonly SystemMapping[] {
  const left = { resources: most.resources }
  return readEntries(content, 'systemMappings', (fields) => {
    const mapping = readMapping(fields, nowMs)
    const resources = readEntries(fields, 'resources', (entry) => readMember(entry, mapping, nowMs))
    left.resources -= resources.length
    if (left.resources < 0) throw invalid('resources', `are more than ${most.resources}`)
    return { ...mapping, resources }
  })
}

/** @throws PlatformError REQUEST_INVALID that names the entry */
export function readSubaccountContent(content: Fields, nowMs: number): SubaccountContent {
  const [inbound, outbound] = [content.members('cloudToOnPremise'), content.members('onPremiseToCloud')]
  return {
    mappings: readMappings(inbound, nowMs),
    domainMappings: readEntries(inbound, 'domainMappings', readDomainMapping),
    channels: readEntries(outbound, 'channels', (fields) => readChannel(fields, readType(fields))),
  }
}

/** @throws PlatformError REQUEST_INVALID that names the entry */
export function readScenario(content: Fields, nowMs: number): Scenario {
  const name = readScenarioName(content.required('name'))
  const protocol = content.required('protocol')
  const kind = scenarioKinds.find((candidate) => candidate === protocol)
  if (kind === undefined) throw invalid('protocol', `must be ${scenarioKinds.join(' or ')}`)
  const resources = readEntries(content, 'resources', (fields) => {
    const { scenarios, isFromScenario, ...resource } = readMember(fields, { protocol: kind }, nowMs)
    return resource
  })
  if (resources.length === 0) throw invalid('resources', 'must not be empty')
  return { name, kind, resources }
}

/** @throws PlatformError REQUEST_INVALID */
export function readScenarioName(text: string): string {
  const name = text.trim()
  if (name === '' || name.length > maxNameLength || /\p{Cc}/u.test(name))
    throw invalid('name', `must be a text of 1 to ${maxNameLength} characters`)
  return name
}

function mappingContent(mapping: SystemMapping): object {
  const { sid, description, sncPartnerName, sapRouter } = mapping
  const { allowedClients, blockedUsers } = rfcListsOf(mapping)
  const texts = Object.entries({ sid, description, sncPartnerName, sapRouter }).filter(([, text]) => text !== undefined)
  return {
    virtualHost: mapping.virtualHost,
    virtualPort: mapping.virtualPort,
    localHost: mapping.internalHost,
    localPort: mapping.internalPort,
    protocol: mapping.protocol,
    backendType: mapping.backendType,
    authenticationMode: mapping.authenticationMode,
    ...(isHttp(mapping.protocol) ? { hostInHeader: mapping.hostInHeader.toUpperCase() } : {}),
    ...Object.fromEntries(texts),
    allowedClients,
    blacklistedUsers: blockedUsers,
    resources: mapping.resources.map((resource) => resourceContent(resource, scenariosJson(resource))),
  }
}

function resourceContent(resource: Resource, more: object): object {
  const { id, enabled, exactMatchOnly, websocketUpgradeAllowed, description } = resource
  return {
    id,
    enabled,
    exactMatchOnly,
    websocketUpgradeAllowed,
    ...(description === undefined ? {} : { description }),
    ...more,
  }
}

function channelContent({ target, port, connections, comment }: ServiceChannel): object {
  return { ...target, port, connections, comment }
}

function readMember(fields: Fields, owner: Pick<SystemMapping, 'protocol'>, nowMs: number): Resource {
  const resource = readResource(fields, fields.required('id'), owner, nowMs)
  const names = fields.list('scenarios') ?? []
  if (names.length > maxScenarios) throw invalid('scenarios', `must not be more than ${maxScenarios}`)
  if (names.length === 0) return resource
  const scenarios = names.map((name) => {
    if (typeof name !== 'string') throw invalid('scenarios', 'must hold texts')
    return readScenarioName(name)
  })
  return {
    ...resource,
    scenarios: [...new Set(scenarios)],
    ...(fields.flag('fromScenario') ? { isFromScenario: true as const } : {}),
  }
}

function readType(fields: Fields): ChannelType {
  const text = fields.required('type')
  const type = channelTypes.find((candidate) => candidate === text)
  if (type === undefined) throw invalid('type', `must be one of ${channelTypes.join(', ')}`)
  return type
}

/** The entries of a list; what is wrong with one of them is told with its place. */
function readEntries<T>(content: Fields, name: keyof typeof most, read: (fields: Fields) => T): readonly T[] {
  const list = content.list(name) ?? []
  if (list.length > most[name]) throw invalid(name, `must not hold more than ${most[name]} entries`)
  return list.map((entry, index) => {
    const place = `${name}[${index}]`
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) throw invalid(place, 'must be an object')
    try {
      return read(new Fields(entry))
    } catch (failure) {
      if (!isPlatformError(failure)) throw failure
      throw invalid(place, `cannot be used: ${failure.facts.reason}`)
    }
  })
}
