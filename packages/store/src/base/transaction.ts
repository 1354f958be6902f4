import type { Transaction as OpenTransaction } from '@landbridge/kernel'
import type { Kysely, Transaction } from 'kysely'

/** Hides a transaction of the database from the domain, which only passes it on. */
export function hideTransaction<DB>(transaction: Transaction<DB>): OpenTransaction {
  return transaction as unknown as OpenTransaction // looked into by `tablesWithin` only
}

/** What the domain passed on, with the tables of one area. */
export function tablesWithin<DB>(hidden: OpenTransaction): Kysely<DB> {
  return hidden as unknown as Transaction<DB> // `hideTransaction` made it; one database holds all areas
}
