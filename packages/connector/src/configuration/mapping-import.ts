import { isDeepStrictEqual } from 'node:util'
import { checkMapping, checkResource, parsePort, type Resource, type SystemMapping } from '@landbridge/access'
import { PlatformError } from '@landbridge/kernel'
import { refuse } from './entry-problems.ts'
import { type MergeOptions, type MergeReport, mergeEntries } from './merge-report.ts'
import { mappingKey, type Subaccount } from './model.ts'

export interface MappingImportOptions extends MergeOptions {
  /** False: imported mappings expose nothing (guide L21054). */
  readonly includeResources: boolean
}

export interface Imported {
  readonly subaccount: Subaccount
  readonly report: MergeReport
}

/**
 * Merges mappings into the access control of a subaccount, all or none (guide L21039). A mapping is known by its
 * virtual address.
 * @throws PlatformError REQUEST_INVALID: an entry is not valid, or the list has an address twice.
 *   CONNECTOR_MAPPING_EXISTS: an entry overlaps with another mapping of the subaccount.
 */
export function importMappings(
  subaccount: Subaccount,
  mappings: readonly SystemMapping[],
  options: MappingImportOptions,
): Imported {
  const offered = mappings.map((mapping) => (options.includeResources ? mapping : { ...mapping, resources: [] }))
  for (const mapping of offered) check(mapping)
  refuseRepetitions(offered)
  const { entries, report } = mergeEntries(
    subaccount.mappings,
    offered.map((mapping) => ({
      key: mappingKey(mapping.virtualHost, mapping.virtualPort),
      name: `${mapping.virtualHost}:${mapping.virtualPort}`,
      make: (before) => succeed(before, mapping),
    })),
    options,
  )
  refuseOverlaps(entries.values())
  return { subaccount: entries === subaccount.mappings ? subaccount : { ...subaccount, mappings: entries }, report }
}

/** What replaces a mapping keeps spelling, age and order of what was there; equal entries stay the same objects. */
function succeed(before: SystemMapping | undefined, mapping: SystemMapping): SystemMapping {
  if (before === undefined) return mapping
  const wanted = new Map(mapping.resources.map((resource) => [resource.id, resource]))
  const known = new Set(before.resources.map(({ id }) => id))
  const resources = [
    ...before.resources.flatMap((old) => {
      const resource = wanted.get(old.id)
      return resource === undefined ? [] : [succeedResource(old, resource)]
    }),
    ...mapping.resources.filter(({ id }) => !known.has(id)),
  ]
  const isSameList =
    resources.length === before.resources.length && resources.every((entry, index) => entry === before.resources[index])
  return {
    ...mapping,
    virtualHost: before.virtualHost,
    createdAtMs: before.createdAtMs,
    resources: isSameList ? before.resources : resources,
  }
}

function succeedResource(before: Resource, resource: Resource): Resource {
  const next = { ...resource, createdAtMs: before.createdAtMs }
  return isDeepStrictEqual(next, before) ? before : next
}

function check(mapping: SystemMapping): void {
  const address = `${mapping.virtualHost}:${mapping.virtualPort}`
  refuse(checkMapping(mapping), address)
  const ids = new Set<string>()
  for (const resource of mapping.resources) {
    refuse(checkResource(resource, mapping.protocol), `${address} ${resource.id}`)
    if (ids.has(resource.id)) throw repeated(`resource ${resource.id} of ${address}`)
    ids.add(resource.id)
  }
}

function refuseRepetitions(mappings: readonly SystemMapping[]): void {
  const keys = new Set<string>()
  for (const { virtualHost, virtualPort } of mappings) {
    const key = mappingKey(virtualHost, virtualPort)
    if (keys.has(key)) throw repeated(`the mapping ${virtualHost}:${virtualPort}`)
    keys.add(key)
  }
}

/** Port ranges and service names may overlap without being the same text. */
function refuseOverlaps(mappings: Iterable<SystemMapping>): void {
  const hosts = Map.groupBy(mappings, ({ virtualHost }) => virtualHost.toLowerCase())
  for (const group of hosts.values()) {
    const ranges = group
      .map((mapping) => ({ mapping, ...(parsePort(mapping.virtualPort, mapping.protocol) ?? { low: 0, high: 0 }) }))
      .filter(({ low }) => low > 0)
      .sort((a, b) => a.low - b.low)
    for (const [index, { mapping, low }] of ranges.entries()) {
      const before = ranges[index - 1]
      if (before !== undefined && low <= before.high)
        throw new PlatformError('CONNECTOR_MAPPING_EXISTS', {
          address: `${mapping.virtualHost}:${mapping.virtualPort}`,
          taken: `${before.mapping.virtualHost}:${before.mapping.virtualPort}`,
        })
    }
  }
}

function repeated(what: string): PlatformError {
  return new PlatformError('REQUEST_INVALID', { field: 'archive', reason: `it holds ${what} twice` })
}
