import type { ConfigurationStores, ConfigurationTransactions, ContentOwner } from '@landbridge/destinations'
import type { Kysely } from 'kysely'
import { toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import { SqlCertificateStore } from './certificate-store.ts'
import { SqlDestinationStore } from './destination-store.ts'
import { SqlFragmentStore } from './fragment-store.ts'
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
        for (const table of ['destination', 'level_entry'] as const)
          await db.deleteFrom(table).where(column, '=', value).execute()
        // Key pairs are of subaccounts only.
        if ('subaccountId' in owner)
          await db.deleteFrom('destination_trust').where('subaccount_id', '=', owner.subaccountId).execute()
      })
    } catch (thrown) {
      throw toStoreError(thrown)
    }
  }
}

function storesIn(store: Store<DestinationTables>): ConfigurationStores {
  return {
    certificates: new SqlCertificateStore(store),
    fragments: new SqlFragmentStore(store),
    destinations: new SqlDestinationStore(store),
  }
}
