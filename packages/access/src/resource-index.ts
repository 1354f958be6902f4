import type { Resource } from './model.ts'

/**
 * Tells which resource of a mapping a request is for: the most special enabled one that admits it. For statistics; what
 * is allowed is decided elsewhere.
 */
export class ResourceIndex {
  /** IDs of the enabled resources, sorted by UTF-16 code units. */
  readonly names: readonly string[]
  readonly #isExact: readonly boolean[]
  /** Position of the longest other name that the name at a position begins with; -1 for none. */
  readonly #parents: readonly number[]

  constructor(resources: readonly Resource[]) {
    const enabled = resources.filter((resource) => resource.enabled).toSorted((a, b) => (a.id < b.id ? -1 : 1))
    this.names = enabled.map((resource) => resource.id)
    this.#isExact = enabled.map((resource) => resource.exactMatchOnly)
    this.#parents = parentsOf(this.names)
  }

  /**
   * Position in `names`, -1 where no resource admits the path. Costs O(log n) and allocates nothing.
   * @param path as sent, with its query, or the name of a function module.
   */
  find(path: string): number {
    const { names } = this
    let low = 0
    let high = names.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (names[middle]! <= path) low = middle + 1
      else high = middle
    }
    // What is a beginning of the path is its predecessor or one of the beginnings of that.
    for (let at = low - 1; at >= 0; at = this.#parents[at]!) if (this.#admits(at, path)) return at
    return -1
  }

  #admits(at: number, path: string): boolean {
    const name = this.names[at]!
    if (!path.startsWith(name)) return false
    return !this.#isExact[at] || path.length === name.length || path.charCodeAt(name.length) === question
  }
}

const question = 0x3f

function parentsOf(sorted: readonly string[]): readonly number[] {
  const parents: number[] = []
  for (const [at, name] of sorted.entries()) {
    let parent = at - 1
    while (parent >= 0 && !name.startsWith(sorted[parent]!)) parent = parents[parent]!
    parents.push(parent)
  }
  return parents
}
