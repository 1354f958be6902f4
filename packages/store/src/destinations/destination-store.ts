import { randomBytes, randomUUID } from 'node:crypto'
import {
  type DestinationStore,
  type Label,
  type Level,
  type Properties,
  present,
  type Removal,
  type StoredDestination,
} from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import type { ExpressionBuilder } from 'kysely'
import { isDuplicate, toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import { sealedColumns } from '../sealed/sealed-columns.ts'
import { changeLabelsOf } from './change-labels.ts'
import { byName, isImpossible, labelsOf, levelOf, run } from './rows.ts'
import type { DestinationRow, DestinationTables } from './tables.ts'

/** Destinations in SQL. The properties are sealed for their row; names stay readable, for search and unique keys. */
export class SqlDestinationStore implements DestinationStore {
  readonly #store: Store<DestinationTables>

  constructor(store: Store<DestinationTables>) {
    this.#store = store
  }

  async list(level: Level): Promise<readonly StoredDestination[]> {
    const rows = await run(this.#rows(level).selectAll().execute())
    return rows.map((row) => this.#read(row)).sort(byName)
  }

  async find(level: Level, name: string): Promise<StoredDestination | undefined> {
    if (isImpossible(name)) return undefined
    const row = await run(this.#rows(level).where('name', '=', name).selectAll().executeTakeFirst())
    return row === undefined ? undefined : this.#read(row)
  }

  async create(level: Level, properties: Properties): Promise<StoredDestination> {
    const id = randomUUID()
    const nowMs = this.#store.clock.now()
    const row: DestinationRow = {
      id,
      subaccount_id: level.subaccountId,
      instance_id: level.instanceId,
      level: level.kind,
      name: nameOf(properties),
      labels: null,
      created_at: nowMs,
      ...this.#content(id, properties, nowMs),
    }
    try {
      await this.#store.db.insertInto('destination').values(row).execute()
    } catch (thrown) {
      throw isDuplicate(thrown) ? new PlatformError('DESTINATION_DUPLICATE') : toStoreError(thrown)
    }
    return stored(row, properties)
  }

  async replace(level: Level, properties: Properties): Promise<StoredDestination | undefined> {
    const existing = await run(this.#rows(level).where('name', '=', nameOf(properties)).selectAll().executeTakeFirst())
    if (existing === undefined) return undefined
    const content = this.#content(existing.id, properties, this.#store.clock.now())
    const { numUpdatedRows } = await run(
      this.#store.db.updateTable('destination').set(content).where('id', '=', existing.id).executeTakeFirst(),
    )
    return numUpdatedRows === 0n ? undefined : stored({ ...existing, ...content }, properties)
  }

  async remove(level: Level, name: string): Promise<Removal> {
    if (isImpossible(name)) return 'absent'
    return run(
      this.#store.db.transaction().execute(async (transaction) => {
        const onLevel = (row: ExpressionBuilder<DestinationTables, 'destination'>) =>
          row.and({ subaccount_id: level.subaccountId, instance_id: level.instanceId })
        const user = await transaction
          .selectFrom('destination')
          .select('name')
          .where(onLevel)
          .where('assertion_provider', '=', name)
          .where('name', '!=', name)
          .orderBy('name')
          .executeTakeFirst()
        const provider = transaction.selectFrom('destination').select('id').where(onLevel).where('name', '=', name)
        if (user !== undefined && (await provider.executeTakeFirst()) !== undefined) return { usedBy: user.name }
        const removal = transaction.deleteFrom('destination').where(onLevel).where('name', '=', name)
        const { numDeletedRows } = await removal.executeTakeFirstOrThrow()
        return numDeletedRows > 0n ? 'removed' : 'absent'
      }),
    )
  }

  async removeAll(level: Level, names: readonly string[]): Promise<ReadonlySet<string> | { readonly needed: string }> {
    const possible = names.filter((name) => !isImpossible(name))
    if (possible.length === 0) return new Set()
    return run(
      this.#store.db.transaction().execute(async (transaction) => {
        const onLevel = (row: ExpressionBuilder<DestinationTables, 'destination'>) =>
          row.and({ subaccount_id: level.subaccountId, instance_id: level.instanceId })
        const rows = transaction.selectFrom('destination').where(onLevel)
        const existing = await rows.where('name', 'in', possible).select('name').orderBy('name').execute()
        const staying = await rows
          .where('assertion_provider', 'in', possible)
          .where('name', 'not in', possible)
          .select('assertion_provider')
          .execute()
        const needed = existing.find(({ name }) => staying.some((user) => user.assertion_provider === name))
        if (needed !== undefined) return { needed: needed.name }
        await transaction.deleteFrom('destination').where(onLevel).where('name', 'in', possible).execute()
        return new Set(existing.map(({ name }) => name))
      }),
    )
  }

  async changeLabels(
    level: Level,
    name: string,
    change: (labels: readonly Label[]) => readonly Label[],
  ): Promise<readonly Label[] | undefined> {
    if (isImpossible(name)) return undefined
    const key = { subaccount_id: level.subaccountId, instance_id: level.instanceId, name }
    return changeLabelsOf(this.#store, 'destination', key, change)
  }

  #rows(level: Level) {
    return this.#store.db
      .selectFrom('destination')
      .where('subaccount_id', '=', level.subaccountId)
      .where('instance_id', '=', level.instanceId)
  }

  #content(id: string, properties: Properties, nowMs: number) {
    return {
      assertion_provider: present(properties, 'clientAssertion.destinationName') ?? null,
      properties: this.#store.sealer.seal(
        JSON.stringify(Object.entries(properties)),
        sealedColumns.destinationProperties.context(id),
      ),
      etag: randomBytes(32).toString('hex'),
      modified_at: nowMs,
    }
  }

  #read(row: DestinationRow): StoredDestination {
    const entries: unknown = JSON.parse(
      this.#store.sealer.open(row.properties, sealedColumns.destinationProperties.context(row.id)),
    )
    return stored(row, Object.fromEntries(entries as [string, string][])) // #content wrote it, and the seal proves it
  }
}

function nameOf(properties: Properties): string {
  return properties.Name ?? ''
}

function stored(row: DestinationRow, properties: Properties): StoredDestination {
  return {
    level: levelOf(row),
    name: row.name,
    properties,
    labels: labelsOf(row),
    etag: row.etag,
    modifiedAtMs: row.modified_at,
  }
}
