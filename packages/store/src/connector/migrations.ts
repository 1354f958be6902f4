import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Migrations of a connector's database, by name. */
export const connectorMigrations: Readonly<Record<string, Migration>> = {
  '0400-connector-configuration': {
    async up(db: Kysely<unknown>) {
      const text = 'text' as const
      await db.schema
        .createTable('connector_setting')
        .addColumn('name', text, (column) => column.primaryKey())
        .addColumn('value', text, (column) => column.notNull())
        .execute()
      await db.schema
        .createTable('connector_subaccount')
        .addColumn('subaccount_key', text, (column) => column.primaryKey())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('data', text, (column) => column.notNull())
        .addColumn('private_key', text, (column) => column.notNull())
        .execute()
      await db.schema
        .createTable('connector_mapping')
        .addColumn('subaccount_key', text, (column) => column.notNull())
        .addColumn('mapping_key', text, (column) => column.notNull())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('data', text, (column) => column.notNull())
        .addPrimaryKeyConstraint('connector_mapping_key', ['subaccount_key', 'mapping_key'])
        .execute()
      await db.schema
        .createTable('connector_resource')
        .addColumn('subaccount_key', text, (column) => column.notNull())
        .addColumn('mapping_key', text, (column) => column.notNull())
        .addColumn('resource_id', text, (column) => column.notNull())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('data', text, (column) => column.notNull())
        .addPrimaryKeyConstraint('connector_resource_key', ['subaccount_key', 'mapping_key', 'resource_id'])
        .execute()
      await db.schema
        .createTable('connector_domain_mapping')
        .addColumn('subaccount_key', text, (column) => column.notNull())
        .addColumn('internal_domain', text, (column) => column.notNull())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('virtual_domain', text, (column) => column.notNull())
        .addPrimaryKeyConstraint('connector_domain_mapping_key', ['subaccount_key', 'internal_domain'])
        .execute()
      await db.schema
        .createTable('connector_identity_provider')
        .addColumn('subaccount_key', text, (column) => column.notNull())
        .addColumn('id', 'bigint', (column) => column.notNull())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('data', text, (column) => column.notNull())
        .addPrimaryKeyConstraint('connector_identity_provider_key', ['subaccount_key', 'id'])
        .execute()
      await db.schema
        .createTable('connector_trusted_certificate')
        .addColumn('alias', text, (column) => column.primaryKey())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('data', text, (column) => column.notNull())
        .execute()
      await db.schema
        .createTable('connector_audit')
        .addColumn('sequence', 'bigint', (column) => column.primaryKey())
        .addColumn('at_ms', 'bigint', (column) => column.notNull())
        .addColumn('actor', text, (column) => column.notNull())
        .addColumn('category', text, (column) => column.notNull())
        .addColumn('action', text, (column) => column.notNull())
        .addColumn('subaccount', text, (column) => column.notNull())
        .addColumn('object', text, (column) => column.notNull())
        .addColumn('details', text, (column) => column.notNull())
        .addColumn('hash', text, (column) => column.notNull())
        .execute()
    },
  },
  '0401-connector-channels': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('connector_channel')
        .addColumn('subaccount_key', 'text', (column) => column.notNull())
        .addColumn('id', 'bigint', (column) => column.notNull())
        .addColumn('data', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('connector_channel_key', ['subaccount_key', 'id'])
        .execute()
    },
  },
  '0420-connector-usage': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('connector_usage')
        .addColumn('subaccount_key', 'text', (column) => column.notNull())
        .addColumn('mapping_key', 'text', (column) => column.notNull())
        .addColumn('resource', 'text', (column) => column.notNull())
        .addColumn('calls', 'bigint', (column) => column.notNull())
        .addColumn('bytes_received', 'bigint', (column) => column.notNull())
        .addColumn('bytes_sent', 'bigint', (column) => column.notNull())
        .addColumn('last_access_ms', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('connector_usage_key', ['subaccount_key', 'mapping_key', 'resource'])
        .execute()
      await db.schema
        .createTable('connector_usage_since')
        .addColumn('subaccount_key', 'text', (column) => column.primaryKey())
        .addColumn('since_ms', 'bigint', (column) => column.notNull())
        .execute()
    },
  },
}
