import { PlatformError } from '@landbridge/kernel'
import type { DomainMapping } from '../runtime-port.ts'
import type { Subaccount } from './model.ts'
import { withEntry, withoutEntry } from './subaccount-edits.ts'

/** @throws PlatformError CONNECTOR_DOMAIN_MAPPING_NOT_FOUND */
export function domainMappingOf(subaccount: Subaccount, internalDomain: string): DomainMapping {
  const mapping = subaccount.domainMappings.get(internalDomain)
  if (mapping === undefined) throw new PlatformError('CONNECTOR_DOMAIN_MAPPING_NOT_FOUND', { internalDomain })
  return mapping
}

/** @throws PlatformError CONNECTOR_DOMAIN_MAPPING_EXISTS */
export function addDomainMapping(subaccount: Subaccount, mapping: DomainMapping): Subaccount {
  const { internalDomain } = mapping
  if (subaccount.domainMappings.has(internalDomain))
    throw new PlatformError('CONNECTOR_DOMAIN_MAPPING_EXISTS', { internalDomain })
  return { ...subaccount, domainMappings: withEntry(subaccount.domainMappings, internalDomain, mapping) }
}

/**
 * Replaces the mapping of an internal domain; the new one may name another internal domain.
 * @throws PlatformError CONNECTOR_DOMAIN_MAPPING_NOT_FOUND, CONNECTOR_DOMAIN_MAPPING_EXISTS
 */
export function replaceDomainMapping(subaccount: Subaccount, current: string, mapping: DomainMapping): Subaccount {
  domainMappingOf(subaccount, current)
  if (current === mapping.internalDomain)
    return { ...subaccount, domainMappings: withEntry(subaccount.domainMappings, current, mapping) }
  return addDomainMapping({ ...subaccount, domainMappings: withoutEntry(subaccount.domainMappings, current) }, mapping)
}

/** @throws PlatformError CONNECTOR_DOMAIN_MAPPING_NOT_FOUND */
export function removeDomainMapping(subaccount: Subaccount, internalDomain: string): Subaccount {
  domainMappingOf(subaccount, internalDomain)
  return { ...subaccount, domainMappings: withoutEntry(subaccount.domainMappings, internalDomain) }
}
