import type { SchemaNode } from './schema-node.ts'

/** Adds the defaults that the schema has for keys inside a structured value: entries of lists and maps. */
export function fillDefaults(node: SchemaNode, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = node
    return items === undefined ? value : value.map((entry) => fillDefaults(items, entry))
  }
  if (typeof value !== 'object' || value === null) return value
  const filled: Record<string, unknown> = { ...value }
  const [entryNode] = Object.values(node.patternProperties ?? {})
  if (entryNode !== undefined)
    for (const [key, entry] of Object.entries(filled)) filled[key] = fillDefaults(entryNode, entry)
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    const given = filled[key] === undefined ? structuredClone(child.default) : filled[key]
    if (given !== undefined) filled[key] = fillDefaults(child, given)
  }
  return filled
}
