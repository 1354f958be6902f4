import type { StoredUsage, SubaccountUsage, UsageStore } from '@landbridge/connector'
import { toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import type { ConnectorTables } from './tables.ts'

/** Rows per statement: SQLite takes a bounded number of values. */
const batch = 500

/** Usage statistics in the connector's own database. */
export class ConnectorUsageStore implements UsageStore {
  readonly #store: Store<ConnectorTables>

  constructor(store: Store<ConnectorTables>) {
    this.#store = store
  }

  async loadUsage(): Promise<readonly SubaccountUsage[]> {
    const { db } = this.#store
    try {
      const subaccounts = await db.selectFrom('connector_usage_since').selectAll().execute()
      const rows = await db.selectFrom('connector_usage').selectAll().execute()
      const byKey = Map.groupBy(rows.map(toUsage), ({ subaccountKey }) => subaccountKey)
      return subaccounts.map(({ subaccount_key: subaccountKey, since_ms }) => ({
        subaccountKey,
        sinceMs: Number(since_ms),
        resources: byKey.get(subaccountKey) ?? [],
      }))
    } catch (failure) {
      throw toStoreError(failure)
    }
  }

  async saveUsage(usages: readonly SubaccountUsage[]): Promise<void> {
    try {
      await this.#store.db.transaction().execute(async (transaction) => {
        for (const { subaccountKey: key, sinceMs, resources } of usages) {
          await transaction.deleteFrom('connector_usage_since').where('subaccount_key', '=', key).execute()
          await transaction.deleteFrom('connector_usage').where('subaccount_key', '=', key).execute()
          await transaction
            .insertInto('connector_usage_since')
            .values({ subaccount_key: key, since_ms: sinceMs })
            .execute()
          for (let at = 0; at < resources.length; at += batch)
            await transaction
              .insertInto('connector_usage')
              .values(resources.slice(at, at + batch).map(toRow))
              .execute()
        }
      })
    } catch (failure) {
      throw toStoreError(failure)
    }
  }

  async retainUsage(subaccountKeys: readonly string[]): Promise<void> {
    try {
      await this.#store.db.transaction().execute(async (transaction) => {
        for (const table of ['connector_usage', 'connector_usage_since'] as const) {
          const all = transaction.deleteFrom(table)
          await (subaccountKeys.length === 0 ? all : all.where('subaccount_key', 'not in', subaccountKeys)).execute()
        }
      })
    } catch (failure) {
      throw toStoreError(failure)
    }
  }
}

function toUsage(row: ConnectorTables['connector_usage']): StoredUsage {
  return {
    subaccountKey: row.subaccount_key,
    mappingKey: row.mapping_key,
    resource: row.resource,
    calls: Number(row.calls),
    bytesReceived: Number(row.bytes_received),
    bytesSent: Number(row.bytes_sent),
    mostRecentAccessMs: Number(row.last_access_ms),
  }
}

function toRow(usage: StoredUsage): ConnectorTables['connector_usage'] {
  return {
    subaccount_key: usage.subaccountKey,
    mapping_key: usage.mappingKey,
    resource: usage.resource,
    calls: usage.calls,
    bytes_received: usage.bytesReceived,
    bytes_sent: usage.bytesSent,
    last_access_ms: usage.mostRecentAccessMs,
  }
}
