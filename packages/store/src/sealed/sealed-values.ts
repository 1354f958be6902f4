import { looksSealed } from '@landbridge/kernel'
import { type Kysely, sql } from 'kysely'
import { toStoreError } from '../base/errors.ts'
import { type SealedColumn, sealedColumns } from './sealed-columns.ts'

const rowsPerRead = 500

/** A sealed value and the row that it belongs to. */
export interface SealedValue {
  readonly key: string
  readonly sealed: string
}

/** The sealed columns that a database has: those of its area, at the version of its schema. */
export async function columnsIn<DB>(db: Kysely<DB>): Promise<readonly SealedColumn[]> {
  const tables = await db.introspection.getTables()
  const present = new Set(tables.flatMap((table) => table.columns.map((column) => `${table.name}.${column.name}`)))
  return Object.values(sealedColumns).filter(({ table, column }) => present.has(`${table}.${column}`))
}

/** Reads the sealed values of a column in parts, in the order of the rows' keys. What changes meanwhile may be missed. */
export async function* sealedValues<DB>(db: Kysely<DB>, column: SealedColumn): AsyncGenerator<readonly SealedValue[]> {
  let last: string | undefined
  while (true) {
    const rows = await read(db, column, last)
    const end = rows.at(-1)
    if (end === undefined) return
    last = end.key
    yield rows.filter(({ sealed }) => looksSealed(sealed))
  }
}

async function read<DB>(
  db: Kysely<DB>,
  { table, column, key }: SealedColumn,
  after: string | undefined,
): Promise<readonly SealedValue[]> {
  const [keyColumn, valueColumn] = [sql.ref(key), sql.ref(column)]
  const isNext = after === undefined ? sql`1 = 1` : sql`${keyColumn} > ${after}`
  const query = sql<SealedValue>`SELECT ${keyColumn} AS key, ${valueColumn} AS sealed FROM ${sql.table(table)}
    WHERE ${isNext} AND ${valueColumn} IS NOT NULL ORDER BY ${keyColumn} LIMIT ${rowsPerRead}`
  try {
    return (await query.execute(db)).rows
  } catch (thrown) {
    throw toStoreError(thrown)
  }
}
