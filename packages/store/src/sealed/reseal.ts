import type { Sealer } from '@landbridge/kernel'
import { sql, type Transaction } from 'kysely'
import { toStoreError } from '../base/errors.ts'
import type { Store, StoreKind } from '../base/open.ts'
import type { SealedColumn } from './sealed-columns.ts'
import { columnsIn, type SealedValue, sealedValues } from './sealed-values.ts'

const rowsPerTransaction = 100
/** More than one only where others write at the same time: what a pass missed, the next one finds. */
const passes = 5

/** How many values need which key. */
export interface SealedCount {
  /** By key ID; those of the sealer that seal nothing are not in it. */
  readonly byKey: ReadonlyMap<string, number>
  /** Values that no key here opens and that name none: sealed before keys had IDs, or damaged. */
  readonly unreadable: number
}

/** A value that stays as it is because it does not open. */
export interface UnreadableValue {
  readonly table: string
  readonly column: string
  readonly row: string
}

export interface Resealed {
  readonly resealed: number
  readonly unreadable: readonly UnreadableValue[]
}

/** Counts the sealed values of a database by the key that they need. Changes nothing. */
export async function countSealed<DB>({ db, sealer }: Store<DB>): Promise<SealedCount> {
  const byKey = new Map<string, number>()
  let unreadable = 0
  for (const column of await columnsIn(db))
    for await (const values of sealedValues(db, column))
      for (const { key, sealed } of values) {
        const keyId = sealer.neededKey(sealed, column.context(key))
        if (keyId === undefined) unreadable += 1
        else byKey.set(keyId, (byKey.get(keyId) ?? 0) + 1)
      }
  return { byKey, unreadable }
}

/**
 * Seals again, with the sealing key of the store, what another key sealed. It may be ended at any moment and run again,
 * and runs beside processes that have the same keys: a value that one of them changes meanwhile is left to it.
 * @param progress called with the number of values sealed so far, after each transaction
 * @throws PlatformError STORE_FULL, STORE_FAILED; what was sealed until then stays
 */
export async function resealAll<DB>(store: Store<DB>, progress?: (resealed: number) => void): Promise<Resealed> {
  // Otherwise the pages that become free still hold what the former key opens.
  if (store.kind === 'sqlite') await sql`PRAGMA secure_delete = ON`.execute(store.db)
  const columns = await columnsIn(store.db)
  let resealed = 0
  for (let pass = 1; ; pass++) {
    const unreadable: UnreadableValue[] = []
    let missed = 0
    for (const column of columns)
      for await (const values of sealedValues(store.db, column)) {
        const { changes, failed } = sealAgain(store.sealer, column, values)
        unreadable.push(...failed.map((row) => ({ table: column.table, column: column.column, row })))
        for (let at = 0; at < changes.length; at += rowsPerTransaction) {
          const some = changes.slice(at, at + rowsPerTransaction)
          const written = await write(store, column, some)
          missed += some.length - written
          resealed += written
          progress?.(resealed)
        }
      }
    if (missed === 0 || pass === passes) return { resealed, unreadable }
  }
}

interface Change extends SealedValue {
  readonly next: string
}

function sealAgain(
  sealer: Sealer,
  column: SealedColumn,
  values: readonly SealedValue[],
): { readonly changes: readonly Change[]; readonly failed: readonly string[] } {
  const changes: Change[] = []
  const failed: string[] = []
  for (const { key, sealed } of values) {
    if (sealer.isCurrent(sealed)) continue
    const context = column.context(key)
    try {
      changes.push({ key, sealed, next: sealer.seal(sealer.open(sealed, context), context) })
    } catch {
      failed.push(key)
    }
  }
  return { changes, failed }
}

/** @returns how many were written: those that are still what was read */
async function write<DB>({ db, kind }: Store<DB>, column: SealedColumn, changes: readonly Change[]): Promise<number> {
  try {
    return await db.transaction().execute(async (transaction) => {
      const free = await lockFree(transaction, kind, column, changes)
      let written = 0
      for (const { key, sealed, next } of changes) {
        if (!free.has(key)) continue
        const { numAffectedRows } = await sql`UPDATE ${sql.table(column.table)} SET ${sql.ref(column.column)} = ${next}
          WHERE ${sql.ref(column.key)} = ${key} AND ${sql.ref(column.column)} = ${sealed}`.execute(transaction)
        written += Number(numAffectedRows ?? 0)
      }
      return written
    })
  } catch (thrown) {
    throw toStoreError(thrown)
  }
}

/** Locks the rows that nobody else has locked. Who never waits for a lock cannot make others end in a deadlock. */
async function lockFree<DB>(
  transaction: Transaction<DB>,
  kind: StoreKind,
  { table, key }: SealedColumn,
  changes: readonly Change[],
): Promise<ReadonlySet<string>> {
  const keys = changes.map((change) => change.key)
  // SQLite has one writer at a time anyway.
  if (kind === 'sqlite') return new Set(keys)
  const query = sql<{ key: string }>`SELECT ${sql.ref(key)} AS key FROM ${sql.table(table)}
    WHERE ${sql.ref(key)} IN (${sql.join(keys)}) FOR UPDATE SKIP LOCKED`
  return new Set((await query.execute(transaction)).rows.map((row) => row.key))
}
