import type { ConfigurationStores, ConfigurationTransactions, ContentOwner } from '@landbridge/destinations'
import type { Kysely } from 'kysely'
import { toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import { SqlDestinationStore } from './destination-store.ts'
import type { DestinationTables } from './tables.ts'

/** Transactions over all stores of the destination service. */
export class SqlConfigurationTransactions implements ConfigurationTransactions {
  readonly #store: Store<DestinationTables>

  constructor(store: Store<DestinationTables>) {
    this.#store = store
  }

  async run(work: (stores: ConfigurationStores) => Promise<void>): Promise<void> {
    await this.#store.db.transaction().execute((db) => work(storesIn({ ...this.#store, db })))
  }

  async removeContent(owner: ContentOwner): Promise<void> {
    const [column, value] =
      'instanceId' in owner
        ? (['instance_id', owner.instanceId] as const)
        : (['subaccount_id', owner.subaccountId] as const)
    // Entries on subaccount level have the empty text as instance.
    if (value === '') throw new TypeError('the owner of removed content has an ID')
    try {
      await this.#store.db.transaction().execute(async (db: Kysely<DestinationTables>) => {
        await db.deleteFrom('destination').where(column, '=', value).execute()
      })
    } catch (thrown) {
      throw toStoreError(thrown)
    }
  }
}

function storesIn(store: Store<DestinationTables>): ConfigurationStores {
  return { destinations: new SqlDestinationStore(store) }
}
