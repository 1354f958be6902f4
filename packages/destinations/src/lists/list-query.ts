import { type Filter, type Filterable, type FilterKind, matches, parseFilter } from './filter.ts'
import { queryInvalid } from './query-invalid.ts'

export type Metadata = 'modification_time' | 'etag'

/** How a list is asked for: exactly one mode per request. */
export type ListQuery =
  | { readonly mode: 'default'; readonly filter?: Filter; readonly metadata: readonly Metadata[] }
  | { readonly mode: 'select' }
  | {
      readonly mode: 'page'
      readonly page: number
      readonly pageSize: number
      readonly pageCount: boolean
      readonly entityCount: boolean
    }

/** What a list operation knows besides `$select` and paging. */
export interface ListAbilities {
  readonly filters: readonly FilterKind[]
  readonly metadata: boolean
}

type Query = Readonly<Record<string, unknown>>

const modeParameters = ['$filter', '$select', '$page'] as const
const pagingParameters = ['$pageSize', '$pageCount', '$entityCount'] as const

/** @throws PlatformError DESTINATION_QUERY_INVALID naming the parameter; nothing that was asked for is ignored */
export function parseListQuery(query: Query, abilities: ListAbilities): ListQuery {
  const modes = modeParameters.filter((name) => query[name] !== undefined)
  if (modes.length > 1) throw queryInvalid(modes[1]!, `cannot be combined with ${modes[0]}`)
  const [mode] = modes
  if (mode !== '$page') {
    const paging = pagingParameters.find((name) => query[name] !== undefined)
    if (paging !== undefined) throw queryInvalid(paging, 'needs $page')
  }
  const metadata = metadataOf(query, abilities)
  if (metadata.length > 0 && (mode === '$page' || mode === '$select'))
    throw queryInvalid('$includeMetadata', `cannot be combined with ${mode}`)
  if (mode === '$select') return selectOf(query)
  if (mode === '$page') return pageOf(query)
  const filter = text(query, '$filter')
  return {
    mode: 'default',
    metadata,
    ...(filter === undefined ? {} : { filter: parseFilter(filter, abilities.filters) }),
  }
}

/** A slice of a list, with what the response headers say about the whole. */
export interface Page<T> {
  readonly entries: readonly T[]
  readonly pages: number
  readonly total: number
  readonly previous?: number
  readonly next?: number
}

export function pageOfList<T>(all: readonly T[], page: number, pageSize: number): Page<T> {
  const start = (page - 1) * pageSize
  const pages = Math.ceil(all.length / pageSize)
  return {
    entries: all.slice(start, start + pageSize),
    pages,
    total: all.length,
    ...(page > 1 ? { previous: page - 1 } : {}),
    ...(page < pages ? { next: page + 1 } : {}),
  }
}

export function filtered<T extends Filterable>(
  all: readonly T[],
  filter: Filter | undefined,
  nowMs: number,
): readonly T[] {
  return filter === undefined ? all : all.filter((entry) => matches(filter, entry, nowMs))
}

/** The value of `$metadata` in a list. */
export function metadataOfEntry(
  entry: { readonly etag: string; readonly modifiedAtMs: number },
  wanted: readonly Metadata[],
): Readonly<Record<string, string>> {
  const known = { modification_time: new Date(entry.modifiedAtMs).toISOString(), etag: entry.etag }
  return Object.fromEntries(wanted.map((name) => [name, known[name]]))
}

function metadataOf(query: Query, abilities: ListAbilities): readonly Metadata[] {
  const value = text(query, '$includeMetadata')
  if (value === undefined) return []
  if (!abilities.metadata) throw queryInvalid('$includeMetadata', 'is not supported here')
  return value.split(';').map((name) => {
    if (name === 'modification_time' || name === 'etag') return name
    throw queryInvalid('$includeMetadata', 'must be modification_time, etag, or both with a semicolon between')
  })
}

function selectOf(query: Query): ListQuery {
  if (query.$select !== 'Name') throw queryInvalid('$select', 'must be Name')
  return { mode: 'select' }
}

function pageOf(query: Query): ListQuery {
  return {
    mode: 'page',
    page: integer(query, '$page', Number.MAX_SAFE_INTEGER, 1),
    pageSize: integer(query, '$pageSize', 1_000, 10),
    pageCount: truth(query, '$pageCount'),
    entityCount: truth(query, '$entityCount'),
  }
}

function integer(query: Query, name: string, most: number, fallback: number): number {
  const value = text(query, name)
  if (value === undefined) return fallback
  const number = /^\d{1,15}$/.test(value) ? Number(value) : 0
  if (number >= 1 && number <= most) return number
  throw queryInvalid(name, most > 1_000 ? 'must be a whole number from 1' : `must be a whole number from 1 to ${most}`)
}

function truth(query: Query, name: string): boolean {
  const value = text(query, name)
  if (value === undefined || value === 'false') return false
  if (value === 'true') return true
  throw queryInvalid(name, 'must be true or false')
}

/** @throws PlatformError DESTINATION_QUERY_INVALID when a parameter is sent twice */
function text(query: Query, name: string): string | undefined {
  const value = query[name]
  if (value === undefined || typeof value === 'string') return value
  throw queryInvalid(name, 'must be sent once')
}
