import { isDeepStrictEqual } from 'node:util'

/** What an import did with the entries of one kind, by their names. */
export interface MergeReport {
  readonly created: readonly string[]
  readonly replaced: readonly string[]
  /** They were there and stayed as they were. */
  readonly kept: readonly string[]
}

export interface MergeOptions {
  /** Replace what is there already; otherwise it stays and only what is missing is added (guide L21045). */
  readonly overwrite: boolean
}

export interface Merged<K, V> {
  readonly entries: ReadonlyMap<K, V>
  readonly report: MergeReport
}

/** One entry that is to be merged. */
export interface MergeEntry<K, V> {
  readonly key: K
  readonly name: string
  /** Makes the value, from the one that it replaces if there is one. An equal one changes nothing. */
  readonly make: (before: V | undefined) => V
}

/** Puts entries into a map; those that stay keep their place and their reference, so that nothing of theirs is written. */
export function mergeEntries<K, V>(
  current: ReadonlyMap<K, V>,
  incoming: Iterable<MergeEntry<K, V>>,
  { overwrite }: MergeOptions,
): Merged<K, V> {
  const entries = new Map(current)
  const report = { created: [] as string[], replaced: [] as string[], kept: [] as string[] }
  for (const { key, name, make } of incoming) {
    const before = current.get(key)
    if (before !== undefined && !overwrite) {
      report.kept.push(name)
      continue
    }
    const next = make(before)
    const outcome = before === undefined ? 'created' : isDeepStrictEqual(next, before) ? 'kept' : 'replaced'
    report[outcome].push(name)
    if (outcome !== 'kept') entries.set(key, next)
  }
  const isSame = report.created.length + report.replaced.length === 0
  return { entries: isSame ? current : entries, report }
}
