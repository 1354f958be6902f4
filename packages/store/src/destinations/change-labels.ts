import type { Label } from '@landbridge/destinations'
import type { Store } from '../base/open.ts'
import { labelsColumn, labelsOf, run } from './rows.ts'
import type { DestinationTables } from './tables.ts'

/**
 * Replaces the labels of one row by what `change` makes of them; two changes at a time happen one after the other.
 * @param key columns with their values, which name one row at most
 * @returns undefined when there is no such row
 */
export function changeLabelsOf(
  store: Store<DestinationTables>,
  table: 'destination' | 'level_entry',
  key: Readonly<Record<string, string>>,
  change: (labels: readonly Label[]) => readonly Label[],
): Promise<readonly Label[] | undefined> {
  // The columns that are used here are the same in both; the compiler cannot take either.
  const either = table as 'destination'
  return run(
    store.db.transaction().execute(async (transaction) => {
      const row = await transaction
        .selectFrom(either)
        .select(['id', 'labels'])
        .where((one) => one.and(key as { subaccount_id: string }))
        // SQLite has one writer at a time anyway.
        .$if(store.kind === 'postgres', (query) => query.forUpdate())
        .executeTakeFirst()
      if (row === undefined) return undefined
      const labels = change(labelsOf(row))
      const update = transaction.updateTable(either).set({ labels: labelsColumn(labels) })
      await update.where('id', '=', row.id).execute()
      return labels
    }),
  )
}
