import type { ApiSchema } from './document.ts'

/** A schema in the notation of TypeScript, which callers know: `{ Name: string, Count?: integer }`. */
export function schemaText(schema: ApiSchema, indent = ''): string {
  const { anyOf, enum: values, items, properties, type } = schema
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(' | ')
  if (anyOf !== undefined) return anyOf.map((one) => schemaText(one, indent)).join(' | ')
  if (type === 'array') return `[${items === undefined ? 'any' : schemaText(items, indent)}]${range(schema)}`
  if (properties !== undefined) return objectText(schema, properties, indent)
  return `${type ?? 'any'}${range(schema)}`
}

/** What stands for a parameter besides its name: type, default, description. */
export function schemaNotes({ default: value, description }: ApiSchema): string {
  return [value === undefined ? undefined : `default ${JSON.stringify(value)}`, description]
    .filter((note) => note !== undefined)
    .join('. ')
}

/** The smallest body that a schema admits; texts are `…`. */
export function exampleOf(schema: ApiSchema): unknown {
  const { anyOf, enum: values, items, properties, required = [], type } = schema
  if (schema.const !== undefined) return schema.const
  if (values !== undefined) return values[0]
  if (anyOf?.[0] !== undefined) return exampleOf(anyOf[0])
  if (type === 'array') return items === undefined ? [] : [exampleOf(items)]
  if (properties !== undefined)
    return Object.fromEntries(
      Object.entries(properties)
        .filter(([name]) => required.includes(name))
        .map(([name, member]) => [name, exampleOf(member)]),
    )
  if (type === 'integer' || type === 'number') return schema.minimum ?? 0
  if (type === 'boolean') return true
  return type === 'null' ? null : '…'
}

function objectText(
  { required = [], additionalProperties, description }: ApiSchema,
  properties: Readonly<Record<string, ApiSchema>>,
  indent: string,
): string {
  const inner = `${indent}  `
  const lines = Object.entries(properties).map(([name, member]) => {
    const key = /^[\w$]+$/.test(name) ? name : JSON.stringify(name)
    // Objects tell about themselves, behind their opening brace.
    const notes = member.properties === undefined ? schemaNotes(member) : ''
    const optional = required.includes(name) ? '' : '?'
    return `${inner}${key}${optional}: ${schemaText(member, inner)}${notes === '' ? '' : `  // ${notes}`}`
  })
  if (additionalProperties === true) lines.push(`${inner}…`)
  return [`{${description === undefined ? '' : `  // ${description}`}`, ...lines, `${indent}}`].join('\n')
}

function range({ minimum, maximum, minItems, maxItems }: ApiSchema): string {
  const [low, high] = [minimum ?? minItems, maximum ?? maxItems]
  if (low !== undefined && high !== undefined) return ` (${low} to ${high})`
  if (low !== undefined) return ` (${low} or more)`
  return high === undefined ? '' : ` (${high} at most)`
}
