import type { SystemMapping } from '@landbridge/access'
import { PlatformError } from '@landbridge/kernel'
import type { DomainMapping } from '../runtime-port.ts'
import { nextChannelId } from './channel-edits.ts'
import { importMappings, type MappingImportOptions } from './mapping-import.ts'
import { type MergeReport, mergeEntries } from './merge-report.ts'
import type { ConnectorConfiguration, Subaccount } from './model.ts'
import type { ServiceChannel } from './service-channel.ts'
import { withSubaccount } from './subaccount-edits.ts'

/** What can be carried from one subaccount to another: nothing of its identity or of principal propagation. */
export interface SubaccountContent {
  readonly mappings: readonly SystemMapping[]
  readonly domainMappings: readonly DomainMapping[]
  readonly channels: readonly Omit<ServiceChannel, 'id' | 'enabled'>[]
}

export interface SubaccountImport {
  readonly next: ConnectorConfiguration
  readonly mappings: MergeReport
  readonly domainMappings: MergeReport
  readonly channels: MergeReport
}

/**
 * Merges the content of one subaccount into another one, all or nothing (guide L19440). Channels that are new here are
 * disabled, as every new channel is.
 * @throws PlatformError those of `importMappings`; REQUEST_INVALID: an entry is there twice.
 */
export function importSubaccount(
  configuration: ConnectorConfiguration,
  subaccount: Subaccount,
  content: SubaccountContent,
  options: MappingImportOptions,
): SubaccountImport {
  const mapped = importMappings(subaccount, content.mappings, options)
  const domains = mergeEntries(
    subaccount.domainMappings,
    content.domainMappings.map((entry) => ({
      key: entry.internalDomain,
      name: entry.internalDomain,
      make: () => entry,
    })),
    options,
  )
  refuseRepetitions(
    'domain mapping',
    content.domainMappings.map(({ internalDomain }) => internalDomain),
  )
  refuseRepetitions('service channel', content.channels.map(nameOf))
  let lastId = nextChannelId(configuration) - 1
  const known = new Map(Array.from(subaccount.channels.values(), (channel) => [nameOf(channel), channel.id]))
  const channels = mergeEntries(
    subaccount.channels,
    content.channels.map((entry) => {
      const key = known.get(nameOf(entry)) ?? ++lastId
      return { key, name: nameOf(entry), make: (before) => ({ ...entry, id: key, enabled: before?.enabled ?? false }) }
    }),
    options,
  )
  const next = { ...mapped.subaccount, domainMappings: domains.entries, channels: channels.entries }
  const { settings } = configuration
  const changed = withSubaccount(configuration, next)
  return {
    next:
      channels.report.created.length === 0 ? changed : { ...changed, settings: { ...settings, lastChannelId: lastId } },
    mappings: mapped.report,
    domainMappings: domains.report,
    channels: channels.report,
  }
}

/** A channel is known by its local port and by where it leads. */
function nameOf({ target, port }: Pick<ServiceChannel, 'target' | 'port'>): string {
  const { type, ...place } = target
  return `${type} ${Object.values(place).join('/')} (port ${port})`
}

function refuseRepetitions(kind: string, names: readonly string[]): void {
  const known = new Set<string>()
  for (const name of names) {
    if (known.has(name))
      throw new PlatformError('REQUEST_INVALID', { field: 'archive', reason: `it holds the ${kind} ${name} twice` })
    known.add(name)
  }
}
