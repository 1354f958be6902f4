import type { TokenClaims } from '@landbridge/identity'
import { flag, type Properties, present } from '../properties.ts'
import { textsAt } from './json-lookup.ts'

/** The same for everybody, so they do not pass through the property. */
const groupPaths = ["$['xs.system.attributes']['xs.saml.groups']", "$['user_attributes']['xs.saml.groups']"]

/**
 * The attributes of an assertion (guide L13639-13676), in a stable order.
 * @param claims of the user's token; none for a `SystemUser`, whom another user's groups do not belong to
 * @param custom what the identity server tells; undefined when it may not be asked
 */
export function assertionAttributes(
  properties: Properties,
  claims: TokenClaims,
  custom: Readonly<Record<string, unknown>> | undefined,
): ReadonlyMap<string, readonly string[]> {
  const attributes = new Map<string, readonly string[]>()
  const add = (name: string, values: readonly string[]) => values.length > 0 && attributes.set(name, values)
  const { user_attributes: more, ...root } = custom ?? {}
  for (const [name, value] of Object.entries(root)) add(name, texts(value))
  const prefix = flag(properties, 'skipUserAttributesPrefixInSAMLAttributes', false) ? '' : 'user_attributes.'
  if (typeof more === 'object' && more !== null)
    for (const [name, value] of Object.entries(more)) add(`${prefix}${name}`, texts(value))
  add('Groups', [...new Set(groupPaths.flatMap((path) => textsAt(claims, path)))])
  // Set by the destination, so a user's attribute of the same name cannot replace them.
  const own = { api_key: present(properties, 'apiKey'), client_id: present(properties, 'clientKey') }
  for (const [name, value] of Object.entries(own)) if (value !== undefined) attributes.set(name, [value])
  return attributes
}

/** One text per element of a list; what is no text is written as JSON. */
function texts(value: unknown): readonly string[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return value.flatMap(texts)
  return [typeof value === 'string' ? value : JSON.stringify(value)]
}
