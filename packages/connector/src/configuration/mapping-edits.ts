import {
  checkMapping,
  checkResource,
  type EntryProblem,
  findOverlap,
  type Resource,
  type SystemMapping,
} from '@landbridge/access'
import { PlatformError } from '@landbridge/kernel'
import { mappingKey, type Subaccount } from './model.ts'
import { withEntry, withoutEntry } from './subaccount-edits.ts'

/** @throws PlatformError CONNECTOR_MAPPING_NOT_FOUND */
export function mappingOf(subaccount: Subaccount, virtualHost: string, virtualPort: string): SystemMapping {
  const mapping = subaccount.mappings.get(mappingKey(virtualHost, virtualPort))
  if (mapping === undefined)
    throw new PlatformError('CONNECTOR_MAPPING_NOT_FOUND', { address: `${virtualHost}:${virtualPort}` })
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

/** @throws PlatformError REQUEST_INVALID, CONNECTOR_RESOURCE_NOT_FOUND */
export function replaceResource(subaccount: Subaccount, mapping: SystemMapping, resource: Resource): Subaccount {
  refuse(checkResource(resource, mapping.protocol))
  resourceOf(mapping, resource.id)
  const resources = mapping.resources.map((other) => (other.id === resource.id ? resource : other))
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

function refuse(problems: readonly EntryProblem[]): void {
  if (problems.length === 0) return
  throw new PlatformError('REQUEST_INVALID', {
    field: problems.map((problem) => problem.field).join(', '),
    reason: problems.map((problem) => `${problem.field} ${problem.reason}`).join('; '),
  })
}
