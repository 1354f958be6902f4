import type { ServiceAnswer } from '../http/service-http.ts'
import { destinationRefused } from './refused.ts'

/** Where destinations are listed. */
export interface ListOptions {
  /** Default: subaccount. */
  readonly level?: 'instance' | 'subaccount'
  /** Tenant (subaccount) ID; by default the one of the binding. */
  readonly tenant?: string
  /** 1 to 1,000; default 100. */
  readonly pageSize?: number
}

/** Properties of a destination as the service shows them, secrets included: do not print them. */
export type ListedDestination = Readonly<Record<string, string>>

/**
 * Reads a list page by page to its end (guide L16717). An entry that moved between two pages, because another one was
 * deleted meanwhile, is not told twice.
 * @param ask for a path below the API version, with query
 */
export async function listPageByPage(
  { level = 'subaccount', tenant, pageSize = 100 }: ListOptions,
  ask: (path: string) => Promise<ServiceAnswer>,
): Promise<readonly ListedDestination[]> {
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > 1_000)
    throw new RangeError(`pageSize must be an integer from 1 to 1000, not ${pageSize}`)
  const found = new Map<string, ListedDestination>()
  for (let page = 1; ; page++) {
    const path = `v1/${level}Destinations?$page=${page}&$pageSize=${pageSize}`
    const answer = await ask(path)
    const entries = answer.status === 200 ? entriesOf(answer.text) : undefined
    if (entries === undefined) throw destinationRefused('', { ...(tenant === undefined ? {} : { tenant }) }, answer)
    const before = found.size
    for (const entry of entries) if (entry.Name !== undefined) found.set(entry.Name, entry)
    // A service that knows no pages would answer with the same ones for ever.
    if (entries.length < pageSize || found.size === before) return [...found.values()]
  }
}

function entriesOf(text: string): readonly ListedDestination[] | undefined {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list.filter((entry) => typeof entry === 'object' && entry !== null) : undefined
  } catch {
    return undefined
  }
}
