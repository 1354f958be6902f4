import type { SchemaNode } from './schema-node.ts'

/** The value with the defaults of keys that entries of lists and maps leave out. The given value stays as it is. */
export function withNestedDefaults(node: SchemaNode, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = node
    return items === undefined ? value : value.map((item) => withNestedDefaults(items, item))
  }
  if (typeof value !== 'object' || value === null) return value
  const filled: Record<string, unknown> = { ...value }
  const entries = Object.values(node.patternProperties ?? {})[0]
  if (entries !== undefined)
    for (const [key, entry] of Object.entries(filled)) filled[key] = withNestedDefaults(entries, entry)
  for (const [key, child] of Object.entries(node.properties ?? {}))
    if (key in filled) filled[key] = withNestedDefaults(child, filled[key])
    else if (child.default !== undefined) filled[key] = structuredClone(child.default)
  return filled
}
