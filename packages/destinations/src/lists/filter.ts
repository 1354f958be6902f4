import type { Label } from '../labels.ts'
import { queryInvalid } from './query-invalid.ts'

/** A parsed `$filter`. Names of an in-list are kept: bulk deletion reports on each. */
export type Filter =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'startswith' | 'endswith'; readonly text: string }
  | { readonly kind: 'modifiedwithin'; readonly minutes: number }
  | {
      readonly kind: 'labels'
      readonly conditions: readonly { readonly key: string; readonly values: readonly string[] }[]
    }

export type FilterKind = Filter['kind']

/** What a filter looks at. */
export interface Filterable {
  readonly name: string
  readonly labels?: readonly Label[]
  readonly modifiedAtMs: number
}

const quoted = "'((?:[^']|'')*)'"
const inList = /^Name\s+in\s*\((.*)\)$/is
const affix = new RegExp(String.raw`^(startswith|endswith)\s*\(\s*Name\s*,\s*${quoted}\s*\)$`, 'is')
const modified = new RegExp(String.raw`^modifiedwithin\s*\(\s*${quoted}\s*,\s*${quoted}\s*\)$`, 'is')
const labelled = new RegExp(
  String.raw`\s*Label\[\s*${quoted}\s*\]\s+HAS\s*\(\s*((?:'(?:[^']|'')*'\s*,?\s*)+)\)\s*`,
  'iy',
)

/**
 * Parses a filter (published contract, parameters `…_filter`; labels as client libraries send them).
 * @param allowed kinds that the operation knows
 * @throws PlatformError DESTINATION_QUERY_INVALID
 */
export function parseFilter(text: string, allowed: readonly FilterKind[]): Filter {
  const filter = parse(text.trim())
  if (!allowed.includes(filter.kind)) throw invalid(`does not support ${filter.kind} here`)
  return filter
}

export function matches(filter: Filter, entry: Filterable, nowMs: number): boolean {
  switch (filter.kind) {
    case 'names':
      return filter.names.includes(entry.name)
    case 'startswith':
      return entry.name.startsWith(filter.text)
    case 'endswith':
      return entry.name.endsWith(filter.text)
    case 'modifiedwithin':
      return entry.modifiedAtMs >= nowMs - filter.minutes * 60_000
    case 'labels':
      return filter.conditions.every(({ key, values }) =>
        entry.labels?.some((label) => label.key === key && label.values.some((value) => values.includes(value))),
      )
  }
}

function parse(text: string): Filter {
  const list = inList.exec(text)?.[1]
  // The names are percent-encoded inside the quotes: no quote of a name can end its text.
  if (list !== undefined) return { kind: 'names', names: values(list, decodeName) }
  const [, call, part] = affix.exec(text) ?? []
  if (call !== undefined && part !== undefined)
    return { kind: call.toLowerCase() === 'startswith' ? 'startswith' : 'endswith', text: unquote(part) }
  const [, number, unit] = modified.exec(text) ?? []
  if (number !== undefined) return modifiedWithin(number, unit ?? '')
  if (/^Label\s*\[/i.test(text)) return { kind: 'labels', conditions: labelConditions(text) }
  throw invalid('cannot be understood')
}

function modifiedWithin(number: string, unit: string): Filter {
  if (unit !== 'minutes') throw invalid('modifiedwithin knows only the unit minutes')
  const minutes = /^\d{1,4}$/.test(number) ? Number(number) : 0
  if (minutes < 1 || minutes > 1440) throw invalid('modifiedwithin needs a whole number from 1 to 1440')
  return { kind: 'modifiedwithin', minutes }
}

function labelConditions(text: string) {
  const conditions: { key: string; values: string[] }[] = []
  labelled.lastIndex = 0
  for (;;) {
    const match = labelled.exec(text)
    if (match === null) throw invalid("must have the form Label['key'] HAS ('value', …), joined by AND")
    const end = match.index + match[0].length
    conditions.push({ key: unquote(match[1] ?? ''), values: values(match[2] ?? '', unquote) })
    if (end === text.length) return conditions
    const and = /^AND\s/i.exec(text.slice(end))
    if (and === null) throw invalid('conditions on labels can only be joined by AND')
    labelled.lastIndex = end + and[0].length
  }
}

/** The quoted texts of a list, at least one. */
function values(list: string, decode: (text: string) => string): string[] {
  const found: string[] = []
  const element = new RegExp(String.raw`\s*${quoted}\s*(,|$)`, 'y')
  for (;;) {
    const match = element.exec(list)
    if (match === null) throw invalid('needs a list of texts in single quotes, separated by commas')
    found.push(decode(match[1] ?? ''))
    if (match[2] === '') return found
  }
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(unquote(text))
  } catch {
    throw invalid('has a name that is not percent-encoded properly')
  }
}

function unquote(text: string): string {
  return text.replaceAll("''", "'")
}

function invalid(reason: string) {
  return queryInvalid('$filter', reason)
}
