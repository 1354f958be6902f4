import { mappingKey, type Subaccount, subaccountKey } from './model.ts'

/** What a map is in memory is a list in documents. */
type Listed<T> = { readonly [K in keyof T]: T[K] extends ReadonlyMap<unknown, infer V> ? readonly V[] : T[K] }
export type ListedSubaccount = Listed<Subaccount>

/** Subaccounts of a document in the form of the configuration. */
export function listedSubaccounts(listed: readonly ListedSubaccount[]): ReadonlyMap<string, Subaccount> {
  return new Map(listed.map(toEntry))
}

function toEntry(listed: ListedSubaccount): readonly [string, Subaccount] {
  const { mappings, domainMappings, identityProviders, channels } = listed
  return [
    subaccountKey(listed.regionHost, listed.subaccountId),
    {
      ...listed,
      mappings: new Map(mappings.map((entry) => [mappingKey(entry.virtualHost, entry.virtualPort), entry])),
      domainMappings: new Map(domainMappings.map((entry) => [entry.internalDomain, entry])),
      identityProviders: new Map(identityProviders.map((entry) => [entry.id, entry])),
      channels: new Map(channels.map((entry) => [entry.id, entry])),
    },
  ]
}
