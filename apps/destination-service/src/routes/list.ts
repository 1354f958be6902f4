import {
  filtered,
  type Label,
  type ListAbilities,
  metadataOfEntry,
  pageOfList,
  parseFilter,
  parseListQuery,
} from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { queryOf } from './level-routes.ts'

/** What every stored thing has that lists are made of. */
interface Entry {
  readonly name: string
  readonly labels?: readonly Label[]
  readonly etag: string
  readonly modifiedAtMs: number
}

export interface ListOptions<T> {
  /** Name of the collection: paging links are relative to the root of the version. */
  readonly path: string
  readonly abilities: ListAbilities
  readonly nowMs: number
  show(entry: T): object
}

/**
 * Answers a list in the mode that the query asks for; reads nothing before the query is known to be valid.
 * @throws PlatformError DESTINATION_QUERY_INVALID
 */
export async function answerList<T extends Entry>(
  request: FastifyRequest,
  reply: FastifyReply,
  read: () => Promise<readonly T[]>,
  { path, abilities, nowMs, show }: ListOptions<T>,
): Promise<readonly object[]> {
  const query = parseListQuery(queryOf(request), abilities)
  const all = await read()
  if (query.mode === 'select') return all.map(({ name }) => ({ Name: name }))
  if (query.mode === 'default') {
    const { metadata } = query
    return filtered(all, query.filter, nowMs).map((entry) =>
      metadata.length === 0 ? show(entry) : { ...show(entry), $metadata: metadataOfEntry(entry, metadata) },
    )
  }
  const page = pageOfList(all, query.page, query.pageSize)
  if (query.pageCount) reply.header('page-count', page.pages)
  if (query.entityCount) reply.header('entity-count', page.total)
  const links = [link(path, query.pageSize, page.previous, 'previous'), link(path, query.pageSize, page.next, 'next')]
  const header = links.filter((text) => text !== '').join(', ')
  if (header !== '') reply.header('link', header)
  return page.entries.map(show)
}

/** The form of the published contract, single quotes included. */
function link(path: string, pageSize: number, page: number | undefined, rel: string): string {
  return page === undefined ? '' : `<${path}?$page=${page}&$pageSize=${pageSize}>; rel='${rel}'`
}

/**
 * The names of a bulk deletion: `$filter` with an in-list, which is mandatory.
 * @throws PlatformError DESTINATION_QUERY_INVALID
 */
export function namesToDelete(request: FastifyRequest): readonly string[] {
  const { $filter, ...others } = queryOf(request)
  const [other] = Object.keys(others).filter((name) => name.startsWith('$'))
  if (other !== undefined)
    throw new PlatformError('DESTINATION_QUERY_INVALID', { parameter: other, reason: 'is not supported here' })
  if (typeof $filter !== 'string')
    throw new PlatformError('DESTINATION_QUERY_INVALID', { parameter: '$filter', reason: 'is required' })
  const filter = parseFilter($filter, ['names'])
  return filter.kind === 'names' ? [...new Set(filter.names)] : []
}

/** The answer to a bulk deletion. */
export function deletionSummary(names: readonly string[], removed: ReadonlySet<string>): object {
  return {
    Count: removed.size,
    Summary: names.map((name) =>
      removed.has(name)
        ? { name, status: 'DELETED' }
        : { name, status: 'NOT_FOUND', reason: 'Could not find configuration' },
    ),
  }
}
