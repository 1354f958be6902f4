import { type Properties, present } from '../properties.ts'

/** One sentence per property that is missing or empty. */
export function requiredProperties(properties: Properties, keys: readonly string[]): string[] {
  return keys.filter((key) => present(properties, key) === undefined).map((key) => `property ${key} is missing`)
}

/** What every type needs that talks to a token service. A secret is not among it: assertions can take its place. */
export const tokenServiceProperties: readonly string[] = ['clientId', 'tokenServiceURL']
