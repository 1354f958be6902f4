import type { Resource } from './model.ts'
import { writingsOf } from './path-rules.ts'

/**
 * Tells which resource of a mapping a request is for: the most special enabled one that admits it. For statistics; what
 * is allowed is decided elsewhere.
 */
export class ResourceIndex {
  /** IDs of the enabled resources. */
  readonly names: readonly string[]
  /** The ways to write them, sorted by UTF-16 code units, each with the position of its resource. */
  readonly #texts: readonly string[]
  readonly #positions: readonly number[]
  readonly #isExact: readonly boolean[]
  /** Position of the longest other text that the text at a position begins with; -1 for none. */
  readonly #parents: readonly number[]

  constructor(resources: readonly Resource[]) {
    const enabled = resources.filter((resource) => resource.enabled)
    const writings = enabled
      .flatMap((resource, position) => writingsOf(resource).map((text) => ({ text, position, resource })))
      .toSorted((a, b) => (a.text < b.text ? -1 : 1))
    this.names = enabled.map((resource) => resource.id)
    this.#texts = writings.map(({ text }) => text)
    this.#positions = writings.map(({ position }) => position)
    this.#isExact = writings.map(({ resource }) => resource.exactMatchOnly)
    this.#parents = parentsOf(this.#texts)
  }

  /**
   * Position in `names`, -1 where no resource admits the path. Costs O(log n) and allocates nothing.
   * @param path as sent, with its query, or the name of a function module.
   */
  find(path: string): number {
    const texts = this.#texts
    let low = 0
    let high = texts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (texts[middle]! <= path) low = middle + 1
      else high = middle
    }
    // What is a beginning of the path is its predecessor or one of the beginnings of that.
    for (let at = low - 1; at >= 0; at = this.#parents[at]!) if (this.#admits(at, path)) return this.#positions[at]!
    return -1
  }

  #admits(at: number, path: string): boolean {
    const text = this.#texts[at]!
    if (!path.startsWith(text)) return false
    return !this.#isExact[at] || path.length === text.length || path.charCodeAt(text.length) === question
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
