import type { SchemaNode } from './schema-node.ts'

/** Says in words what a setting accepts, for example "an integer from 1 to 65535". */
export function expectation(node: SchemaNode): string {
  if (node['x-secret'] === true) return 'a reference to a file that holds the secret: { file: path }'
  if (node.const !== undefined) return JSON.stringify(node.const)
  if (node.enum !== undefined) return oneOf(node.enum)
  if (node.anyOf !== undefined) {
    const constants = node.anyOf.map((choice) => choice.const)
    return constants.every((value) => value !== undefined) ? oneOf(constants) : node.anyOf.map(expectation).join(' or ')
  }
  return `${noun(node)}${range(node)}${unit(node)}`
}

/** The value as it was given, shortened; the text of a secret never gets here. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

function oneOf(values: readonly unknown[]): string {
  const texts = values.map((value) => JSON.stringify(value))
  return texts.length === 1 ? (texts[0] ?? '') : `one of ${texts.join(', ')}`
}

function noun(node: SchemaNode): string {
  switch (node.type) {
    case 'integer':
      return 'an integer'
    case 'number':
      return 'a number'
    case 'boolean':
      return 'true or false'
    case 'array':
      return `a list${node.items === undefined ? '' : ` (each entry: ${expectation(node.items)})`}`
    case 'object':
      return node.properties === undefined ? 'a map' : `a map with the keys ${Object.keys(node.properties).join(', ')}`
    case 'null':
      return 'null'
    default:
      if (node['x-expected'] !== undefined) return node['x-expected']
      if (node.pattern !== undefined) return `text that matches ${node.pattern}`
      return node.format === undefined ? 'text' : `text (${node.format})`
  }
}

function range(node: SchemaNode): string {
  if (node.minimum !== undefined && node.maximum !== undefined) return ` from ${node.minimum} to ${node.maximum}`
  if (node.minimum !== undefined) return ` of at least ${node.minimum}`
  if (node.maximum !== undefined) return ` of at most ${node.maximum}`
  if (node.minItems !== undefined && node.minItems > 0) return ` with at least ${node.minItems} entries`
  return node.minLength !== undefined && node.minLength > 0 && node.pattern === undefined ? ' (not empty)' : ''
}

function unit(node: SchemaNode): string {
  return node['x-unit'] === undefined ? '' : ` (${node['x-unit']})`
}
