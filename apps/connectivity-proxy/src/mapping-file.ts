import { readFileSync } from 'node:fs'
import type { GivenServiceMapping } from '@landbridge/proxy'
import { type Document, parseAllDocuments } from 'yaml'

/** A file of this size holds thousands of mappings; a larger one is something else. */
const maxFileBytes = 4 * 1024 * 1024

/**
 * The text of a file of service mappings. A file that does not exist holds none: it may come later.
 * @throws Error of the file system for one that exists and cannot be read, or when it is too large
 */
export function readMappingFile(file: string): string {
  try {
    const bytes = readFileSync(file)
    if (bytes.length > maxFileBytes) throw new Error(`expected at most ${maxFileBytes} bytes, found ${bytes.length}`)
    return bytes.toString('utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return ''
    throw cause
  }
}

/**
 * Reads `ServiceMapping` resources as they are applied to a cluster (guide L32653), several as YAML documents, or as
 * items of a `List`. Names and types of all fields are checked here; their meaning is the business of the proxy.
 */
export function parseMappingFile(text: string): {
  readonly given: readonly GivenServiceMapping[]
  readonly problems: readonly string[]
} {
  const given: GivenServiceMapping[] = []
  const problems: string[] = []
  const documents = parseAllDocuments(text, { prettyErrors: false, logLevel: 'error' })
  for (const [index, document] of [...documents].entries()) {
    const where = `document ${index + 1}`
    const [error] = document.errors
    const value = error ?? contentsOf(document)
    if (value instanceof Error) {
      problems.push(`${where}: expected well-formed YAML, found ${value.message}`)
      continue
    }
    if (value === null) continue
    const items = isObject(value) && value.kind === 'List' && Array.isArray(value.items) ? value.items : [value]
    for (const item of items) {
      const read = readResource(item)
      if (typeof read === 'string') problems.push(`${where}: ${read}`)
      else given.push(read)
    }
  }
  return { given, problems }
}

/** Aliases can make a file of a few lines as large as one likes: that is where `toJS` throws. */
function contentsOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 10 })
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause))
  }
}

type Field = 'text' | 'texts'

const fields: Readonly<Record<string, { readonly is: Field; readonly required: boolean }>> = {
  type: { is: 'text', required: true },
  subaccountId: { is: 'text', required: false },
  serviceId: { is: 'text', required: true },
  tenantId: { is: 'text', required: false },
  internalAddress: { is: 'text', required: true },
  locationIds: { is: 'texts', required: false },
}

function readResource(item: unknown): GivenServiceMapping | string {
  if (!isObject(item)) return 'expected a resource with apiVersion, kind, metadata and spec'
  const { apiVersion, kind, metadata, spec } = item
  if (apiVersion !== 'connectivityproxy.sap.com/v1' || kind !== 'ServiceMapping')
    return 'expected apiVersion "connectivityproxy.sap.com/v1" and kind "ServiceMapping"'
  const name = isObject(metadata) ? metadata.name : undefined
  if (typeof name !== 'string' || name === '') return 'metadata.name: expected the name of the mapping, found nothing'
  if (!isObject(spec)) return `service mapping "${name}": spec: expected the fields of the mapping, found nothing`
  for (const key of Object.keys(spec))
    if (!Object.hasOwn(fields, key))
      return `service mapping "${name}": spec.${key}: expected one of ${Object.keys(fields).join(', ')}`
  for (const [key, { is, required }] of Object.entries(fields)) {
    const value = spec[key]
    if (value === undefined && !required) continue
    const fits =
      is === 'text' ? typeof value === 'string' : Array.isArray(value) && value.every((one) => typeof one === 'string')
    if (!fits)
      return `service mapping "${name}": spec.${key}: expected ${is === 'text' ? 'text' : 'a list of texts'}, found ${
        value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80)
      }`
  }
  // Every field was checked just now.
  return { name, ...(spec as unknown as Omit<GivenServiceMapping, 'name'>) }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
