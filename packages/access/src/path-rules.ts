import type { Resource } from './model.ts'

/**
 * Answers "does an enabled resource admit this path?" in O(log n) without allocating.
 *
 * Sub-path rules are plain string prefixes (guide L21260). A prefix below another prefix admits nothing new, so only
 * the shortest ones are kept, sorted. In such a list the only candidate for a path is its predecessor: everything
 * between a prefix and a path that starts with it starts with the prefix too.
 */
export class PathRules {
  readonly #exact: ReadonlySet<string>
  readonly #prefixes: readonly string[]

  constructor(resources: readonly Resource[]) {
    const enabled = resources.filter((resource) => resource.enabled)
    this.#exact = new Set(enabled.filter((resource) => resource.exactMatchOnly).flatMap(writingsOf))
    this.#prefixes = shortest(enabled.filter((resource) => !resource.exactMatchOnly).flatMap(writingsOf))
  }

  /** @param path without its query. */
  admits(path: string): boolean {
    const prefixes = this.#prefixes
    let low = 0
    let high = prefixes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (prefixes[middle]! <= path) low = middle + 1
      else high = middle
    }
    if (low > 0 && path.startsWith(prefixes[low - 1]!)) return true
    return this.#exact.has(path)
  }
}

/** How a path may write a resource: `#` is configured as it is (guide L5093) and can only be sent as `%23` (RFC 9112 section 3.2). */
export function writingsOf({ id }: Pick<Resource, 'id'>): readonly string[] {
  return id.includes('#') ? [id, id.replaceAll('#', '%23')] : [id]
}

/** Sorted by UTF-16 code units, without those that start with another one. */
function shortest(prefixes: readonly string[]): readonly string[] {
  const kept: string[] = []
  for (const prefix of prefixes.toSorted()) {
    const last = kept.at(-1)
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix)
  }
  return kept
}
