import { checkMapping, checkResource, findOverlap, type Resource, type SystemMapping } from '@landbridge/access'
import { PlatformError } from '@landbridge/kernel'
import { refuse } from './entry-problems.ts'
import { mappingKey, type Subaccount } from './model.ts'
import { withEntry, withoutEntry } from './subaccount-edits.ts'

/** @throws PlatformError CONNECTOR_MAPPING_NOT_FOUND */
export function mappingOf(subaccount: Subaccount, virtualHost: string, virtualPort: string): SystemMapping {
  const mapping = subaccount.mappings.get(mappingKey(virtualHost, virtualPort))
  if (mapping === undefined)
    throw new PlatformError('CONNECTOR_MAPPING_NOT_FOUND', { address: `${virtualHost}:${virtualPort}` })
  return mapping
}

/** A mapping that is not part of the configuration, if it could be. @throws PlatformError REQUEST_INVALID */
export function checkDraft(mapping: SystemMapping): SystemMapping {
  refuse(checkMapping(mapping))
  return mapping
}

/**
 * Adds a mapping whose virtual address is free.
 * @throws PlatformError REQUEST_INVALID, CONNECTOR_MAPPING_EXISTS
 */
export function addMapping(subaccount: Subaccount, mapping: SystemMapping): Subaccount {
  refuse(checkMapping(mapping))
  const taken = findOverlap(subaccount.mappings.values(), mapping)
  if (taken !== undefined)
    throw new PlatformError('CONNECTOR_MAPPING_EXISTS', {
      address: `${mapping.virtualHost}:${mapping.virtualPort}`,
      taken: `${taken.virtualHost}:${taken.virtualPort}`,
    })
  return withMapping(subaccount, mapping)
}

/**
 * Replaces a mapping under the same virtual address. Its resources are part of the value given.
 * @throws PlatformError REQUEST_INVALID, CONNECTOR_MAPPING_NOT_FOUND
 */
export function replaceMapping(subaccount: Subaccount, mapping: SystemMapping): Subaccount {
  refuse(checkMapping(mapping))
  mappingOf(subaccount, mapping.virtualHost, mapping.virtualPort)
  return withMapping(subaccount, mapping)
}

/** @throws PlatformError CONNECTOR_MAPPING_NOT_FOUND */
export function removeMapping(subaccount: Subaccount, virtualHost: string, virtualPort: string): Subaccount {
  mappingOf(subaccount, virtualHost, virtualPort)
  return { ...subaccount, mappings: withoutEntry(subaccount.mappings, mappingKey(virtualHost, virtualPort)) }
}

/** @throws PlatformError CONNECTOR_RESOURCE_NOT_FOUND */
export function resourceOf(mapping: SystemMapping, id: string): Resource {
  const resource = mapping.resources.find((candidate) => candidate.id === id)
  if (resource === undefined) throw new PlatformError('CONNECTOR_RESOURCE_NOT_FOUND', { resource: id })
  return resource
}

/** @throws PlatformError REQUEST_INVALID, CONNECTOR_RESOURCE_EXISTS */
export function addResource(subaccount: Subaccount, mapping: SystemMapping, resource: Resource): Subaccount {
  refuse(checkResource(resource, mapping.protocol))
  if (mapping.resources.some((other) => other.id === resource.id))
    throw new PlatformError('CONNECTOR_RESOURCE_EXISTS', { resource: resource.id })
  return withMapping(subaccount, { ...mapping, resources: [...mapping.resources, resource] })
}

/**
 * Replaces what an administrator sets of a resource; its scenarios stay.
 * @throws PlatformError REQUEST_INVALID, CONNECTOR_RESOURCE_NOT_FOUND
 */
export function replaceResource(subaccount: Subaccount, mapping: SystemMapping, resource: Resource): Subaccount {
  refuse(checkResource(resource, mapping.protocol))
  const { scenarios, isFromScenario } = resourceOf(mapping, resource.id)
  const next = {
    ...resource,
    ...(scenarios === undefined ? {} : { scenarios }),
    ...(isFromScenario === undefined ? {} : { isFromScenario }),
  }
  const resources = mapping.resources.map((other) => (other.id === resource.id ? next : other))
  return withMapping(subaccount, { ...mapping, resources })
}

/** Absent members stay as they are. */
export type ResourceChange = Partial<Pick<Resource, 'enabled' | 'websocketUpgradeAllowed'>>

/**
 * Changes several resources of a mapping at once (guide L21244).
 * @throws PlatformError CONNECTOR_RESOURCE_NOT_FOUND: one is not there; none is changed then.
 */
export function changeResources(
  subaccount: Subaccount,
  mapping: SystemMapping,
  ids: ReadonlySet<string>,
  change: ResourceChange,
): Subaccount {
  const known = new Set(mapping.resources.map(({ id }) => id))
  for (const id of ids) if (!known.has(id)) throw new PlatformError('CONNECTOR_RESOURCE_NOT_FOUND', { resource: id })
  const { enabled, websocketUpgradeAllowed } = change
  const isChanged = (resource: Resource): boolean =>
    ids.has(resource.id) &&
    ((enabled !== undefined && enabled !== resource.enabled) ||
      (websocketUpgradeAllowed !== undefined && websocketUpgradeAllowed !== resource.websocketUpgradeAllowed))
  const resources = mapping.resources.map((resource) => (isChanged(resource) ? { ...resource, ...change } : resource))
  return withMapping(subaccount, { ...mapping, resources })
}

/** @throws PlatformError CONNECTOR_RESOURCE_NOT_FOUND */
export function removeResource(subaccount: Subaccount, mapping: SystemMapping, id: string): Subaccount {
  resourceOf(mapping, id)
  return withMapping(subaccount, { ...mapping, resources: mapping.resources.filter((other) => other.id !== id) })
}

/** Puts a checked mapping into its place. */
export function withMapping(subaccount: Subaccount, mapping: SystemMapping): Subaccount {
  const key = mappingKey(mapping.virtualHost, mapping.virtualPort)
  return { ...subaccount, mappings: withEntry(subaccount.mappings, key, mapping) }
}
