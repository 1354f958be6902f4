import { PlatformError } from '@landbridge/kernel'

/** A destination's properties in the order in which they were written; every value is a string. */
export type Properties = Readonly<Record<string, string>>

/** Absent and empty mean the same for these; clients reject the empty form (RC-065). */
const absentWhenEmpty: ReadonlySet<string> = new Set(['CloudConnectorLocationId', 'sap-client', 'User'])

/** Metadata that newer clients send along; it is no property of the destination. */
const ignoredKeys: ReadonlySet<string> = new Set(['$metadata'])

/**
 * Reads one destination from a request body. Numbers and booleans become text, `null` counts as absent.
 * @throws PlatformError DESTINATION_INVALID when the body is no flat object.
 */
export function readProperties(body: unknown): Properties {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new PlatformError('DESTINATION_INVALID', { problems: ['the body must be a JSON object'] })
  const problems: string[] = []
  const entries: [string, string][] = []
  for (const [key, value] of Object.entries(body)) {
    if (value === null || ignoredKeys.has(key) || (value === '' && absentWhenEmpty.has(key))) continue
    if (typeof value === 'object') problems.push(`property ${key} must be a string`)
    else if (key.includes('\0') || String(value).includes('\0')) problems.push('a NUL character is not allowed')
    else entries.push([key, String(value)])
  }
  if (problems.length > 0) throw new PlatformError('DESTINATION_INVALID', { problems })
  // fromEntries defines own properties, so that no key can reach a prototype.
  return Object.fromEntries(entries)
}

/** The value of a property, or undefined when it is absent or empty. */
export function present(properties: Properties, key: string): string | undefined {
  const value = Object.hasOwn(properties, key) ? properties[key] : undefined
  return value === '' ? undefined : value
}

/** `fallback` unless the property says TRUE or FALSE in any case. */
export function flag(properties: Properties, key: string, fallback: boolean): boolean {
  const text = present(properties, key)?.toLowerCase()
  return text === 'true' ? true : text === 'false' ? false : fallback
}

/** Entries whose key begins with `prefix`, without the prefix: `tokenService.body.x` gives `['x', …]`. */
export function prefixed(properties: Properties, prefix: string): [string, string][] {
  return Object.entries(properties)
    .filter(([key]) => key.length > prefix.length && key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value])
}
