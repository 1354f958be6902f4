import type { FragmentStore, Label, Level, Properties, StoredFragment } from '@landbridge/destinations'
import type { Store } from '../base/open.ts'
import { LevelEntries } from './level-entries.ts'
import { labelsOf, levelOf } from './rows.ts'
import type { DestinationTables, LevelEntryRow } from './tables.ts'

/** Destination fragments in SQL. */
export class SqlFragmentStore implements FragmentStore {
  readonly #entries: LevelEntries

  constructor(store: Store<DestinationTables>) {
    this.#entries = new LevelEntries(store, 'fragment')
  }

  async list(level: Level): Promise<readonly StoredFragment[]> {
    return (await this.#entries.list(level)).map((row) => this.#read(row))
  }

  async find(level: Level, name: string): Promise<StoredFragment | undefined> {
    return this.#optional(await this.#entries.find(level, name))
  }

  async create(level: Level, properties: Properties): Promise<StoredFragment> {
    return this.#read(await this.#entries.create(level, nameOf(properties), contentOf(properties)))
  }

  async replace(level: Level, properties: Properties): Promise<StoredFragment | undefined> {
    return this.#optional(await this.#entries.replace(level, nameOf(properties), contentOf(properties)))
  }

  async remove(level: Level, name: string): Promise<boolean> {
    return (await this.#entries.remove(level, [name])).size > 0
  }

  changeLabels(level: Level, name: string, change: (labels: readonly Label[]) => readonly Label[]) {
    return this.#entries.changeLabels(level, name, change)
  }

  #optional(row: LevelEntryRow | undefined): StoredFragment | undefined {
    return row === undefined ? undefined : this.#read(row)
  }

  #read(row: LevelEntryRow): StoredFragment {
    const entries = this.#entries.content(row) as [string, string][] // contentOf wrote it, and the seal proves it
    return {
      level: levelOf(row),
      name: row.name,
      properties: Object.fromEntries(entries),
      labels: labelsOf(row),
      etag: row.etag,
      modifiedAtMs: row.modified_at,
    }
  }
}

function contentOf(properties: Properties) {
  return { content: Object.entries(properties) }
}

function nameOf(properties: Properties): string {
  return properties.FragmentName ?? ''
}
