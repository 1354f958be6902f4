import { randomBytes, randomUUID } from 'node:crypto'
import {
  type DestinationStore,
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
import type { DestinationRow, DestinationTables } from './tables.ts'

/** Destinations in SQL. The properties are sealed for their row; names stay readable, for search and unique keys. */
export class SqlDestinationStore implements DestinationStore {
  readonly #store: Store<DestinationTables>

  constructor(store: Store<DestinationTables>) {
    this.#store = store
  }

  async list(level: Level): Promise<readonly StoredDestination[]> {
    const rows = await run(this.#rows(level).selectAll().execute())
    // Sorted here: databases order text by their locale, and the two would disagree.
    return rows.map((row) => this.#read(row)).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
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

  #rows(level: Level) {
    return this.#store.db
      .selectFrom('destination')
      .where('subaccount_id', '=', level.subaccountId)
      .where('instance_id', '=', level.instanceId)
  }

  #content(id: string, properties: Properties, nowMs: number) {
    return {
      assertion_provider: present(properties, 'clientAssertion.destinationName') ?? null,
      properties: this.#store.sealer.seal(JSON.stringify(Object.entries(properties)), sealContext(id)),
      etag: randomBytes(32).toString('hex'),
      modified_at: nowMs,
    }
  }

  #read(row: DestinationRow): StoredDestination {
    const entries: unknown = JSON.parse(this.#store.sealer.open(row.properties, sealContext(row.id)))
    return stored(row, Object.fromEntries(entries as [string, string][])) // #content wrote it, and the seal proves it
  }
}

function sealContext(id: string): string {
  return `destination:${id}`
}

/** PostgreSQL refuses a NUL in a text, even when it is only compared. */
function isImpossible(name: string): boolean {
  return name.includes('\0')
}

function nameOf(properties: Properties): string {
  return properties.Name ?? ''
}

function stored(row: DestinationRow, properties: Properties): StoredDestination {
  return {
    level: {
      kind: row.level as Level['kind'], // only this file writes the column
      subaccountId: row.subaccount_id,
      instanceId: row.instance_id,
    },
    name: row.name,
    properties,
    etag: row.etag,
    modifiedAtMs: row.modified_at,
  }
}

/** Runs a statement; what a driver throws leaves here as a row of the error catalogue. */
async function run<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    throw toStoreError(thrown)
  }
}
