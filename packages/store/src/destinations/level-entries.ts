import { randomBytes, randomUUID } from 'node:crypto'
import type { Label, Level } from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import { isDuplicate, toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import { sealedColumns } from '../sealed/sealed-columns.ts'
import { changeLabelsOf } from './change-labels.ts'
import { byName, isImpossible, run } from './rows.ts'
import type { DestinationTables, LevelEntryRow } from './tables.ts'

/** What a write puts into an entry. */
export interface EntryContent {
  /** Sealed before it is written. */
  readonly content: unknown
  readonly renewAtMs?: number
  readonly expiresAtMs?: number
}

/** Entries of one kind, by level and name. The content is sealed for its row; names stay readable, for unique keys. */
export class LevelEntries {
  readonly #store: Store<DestinationTables>
  readonly #kind: string

  constructor(store: Store<DestinationTables>, kind: string) {
    this.#store = store
    this.#kind = kind
  }

  async list(level: Level): Promise<readonly LevelEntryRow[]> {
    const rows = await run(this.#onLevel(level).selectAll().execute())
    return rows.toSorted(byName)
  }

  /** Of all levels. */
  async all(): Promise<readonly LevelEntryRow[]> {
    return run(this.#store.db.selectFrom('level_entry').where('kind', '=', this.#kind).selectAll().execute())
  }

  async find(level: Level, name: string): Promise<LevelEntryRow | undefined> {
    if (isImpossible(name)) return undefined
    return run(this.#onLevel(level).where('name', '=', name).selectAll().executeTakeFirst())
  }

  /** @throws PlatformError DESTINATION_DUPLICATE */
  async create(level: Level, name: string, entry: EntryContent): Promise<LevelEntryRow> {
    const id = randomUUID()
    const nowMs = this.#store.clock.now()
    const row: LevelEntryRow = {
      id,
      kind: this.#kind,
      subaccount_id: level.subaccountId,
      instance_id: level.instanceId,
      level: level.kind,
      name,
      labels: null,
      created_at: nowMs,
      ...this.#columns(id, entry, nowMs),
    }
    try {
      await this.#store.db.insertInto('level_entry').values(row).execute()
    } catch (thrown) {
      throw isDuplicate(thrown) ? new PlatformError('DESTINATION_DUPLICATE') : toStoreError(thrown)
    }
    return row
  }

  /** @param etag when given, only this version is replaced */
  async replace(level: Level, name: string, entry: EntryContent, etag?: string): Promise<LevelEntryRow | undefined> {
    const existing = await this.find(level, name)
    if (existing === undefined) return undefined
    const columns = this.#columns(existing.id, entry, this.#store.clock.now())
    let update = this.#store.db.updateTable('level_entry').set(columns).where('id', '=', existing.id)
    if (etag !== undefined) update = update.where('etag', '=', etag)
    const { numUpdatedRows } = await run(update.executeTakeFirst())
    return numUpdatedRows === 0n ? undefined : { ...existing, ...columns }
  }

  /** Removes those that exist, as one statement; returns their names. */
  async remove(level: Level, names: readonly string[]): Promise<ReadonlySet<string>> {
    const possible = names.filter((name) => !isImpossible(name))
    if (possible.length === 0) return new Set()
    const removed = await run(
      this.#store.db
        .deleteFrom('level_entry')
        .where('kind', '=', this.#kind)
        .where('subaccount_id', '=', level.subaccountId)
        .where('instance_id', '=', level.instanceId)
        .where('name', 'in', possible)
        .returning('name')
        .execute(),
    )
    return new Set(removed.map((row) => row.name))
  }

  /** See `LabelStore`. */
  async changeLabels(
    level: Level,
    name: string,
    change: (labels: readonly Label[]) => readonly Label[],
  ): Promise<readonly Label[] | undefined> {
    if (isImpossible(name)) return undefined
    const key = { kind: this.#kind, subaccount_id: level.subaccountId, instance_id: level.instanceId, name }
    return changeLabelsOf(this.#store, 'level_entry', key, change)
  }

  /** Entries of all levels whose column lies after one time and not after another. */
  async inTime(column: 'renew_at' | 'expires_at', fromMs: number, toMs: number): Promise<readonly LevelEntryRow[]> {
    return run(
      this.#store.db
        .selectFrom('level_entry')
        .where('kind', '=', this.#kind)
        .where(column, '>', fromMs)
        .where(column, '<=', toMs)
        .orderBy(column)
        .selectAll()
        .execute(),
    )
  }

  /** What `create` or `replace` got as content. */
  content(row: LevelEntryRow): unknown {
    return JSON.parse(this.#store.sealer.open(row.content, sealedColumns.levelEntryContent.context(row.id)))
  }

  #onLevel(level: Level) {
    return this.#store.db
      .selectFrom('level_entry')
      .where('kind', '=', this.#kind)
      .where('subaccount_id', '=', level.subaccountId)
      .where('instance_id', '=', level.instanceId)
  }

  #columns(id: string, entry: EntryContent, nowMs: number) {
    return {
      content: this.#store.sealer.seal(JSON.stringify(entry.content), sealedColumns.levelEntryContent.context(id)),
      etag: randomBytes(32).toString('hex'),
      renew_at: entry.renewAtMs ?? null,
      expires_at: entry.expiresAtMs ?? null,
      modified_at: nowMs,
    }
  }
}
