import { PlatformError } from '@landbridge/kernel'
import { type ConnectorConfiguration, type Subaccount, type SubaccountProperties, subaccountKey } from './model.ts'

/** @throws PlatformError CONNECTOR_SUBACCOUNT_NOT_FOUND */
export function subaccountOf(
  configuration: ConnectorConfiguration,
  regionHost: string,
  subaccountId: string,
): Subaccount {
  const subaccount = configuration.subaccounts.get(subaccountKey(regionHost, subaccountId))
  if (subaccount === undefined)
    throw new PlatformError('CONNECTOR_SUBACCOUNT_NOT_FOUND', { subaccount: subaccountId, regionHost })
  return subaccount
}

/** @throws PlatformError CONNECTOR_SUBACCOUNT_EXISTS */
export function addSubaccount(
  configuration: ConnectorConfiguration,
  properties: SubaccountProperties,
): ConnectorConfiguration {
  const { regionHost, subaccountId } = properties
  if (configuration.subaccounts.has(subaccountKey(regionHost, subaccountId)))
    throw new PlatformError('CONNECTOR_SUBACCOUNT_EXISTS', { subaccount: subaccountId, regionHost })
  return withSubaccount(configuration, {
    ...properties,
    mappings: new Map(),
    domainMappings: new Map(),
    identityProviders: new Map(),
    channels: new Map(),
  })
}

/** Puts a new version of a subaccount into its place. */
export function withSubaccount(configuration: ConnectorConfiguration, subaccount: Subaccount): ConnectorConfiguration {
  const key = subaccountKey(subaccount.regionHost, subaccount.subaccountId)
  return { ...configuration, subaccounts: withEntry(configuration.subaccounts, key, subaccount) }
}

/** Removes a subaccount with everything below it. */
export function removeSubaccount(
  configuration: ConnectorConfiguration,
  regionHost: string,
  subaccountId: string,
): ConnectorConfiguration {
  subaccountOf(configuration, regionHost, subaccountId)
  return {
    ...configuration,
    subaccounts: withoutEntry(configuration.subaccounts, subaccountKey(regionHost, subaccountId)),
  }
}

/** A copy with one entry set; an existing key keeps its place. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value)
}

export function withoutEntry<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map)
  copy.delete(key)
  return copy
}
