import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Migrations of the area `destinations`. */
export const destinationMigrations: Readonly<Record<string, Migration>> = {
  '0300-destinations-destination': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('destination')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('subaccount_id', 'text', (column) => column.notNull())
        .addColumn('instance_id', 'text', (column) => column.notNull())
        .addColumn('level', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('assertion_provider', 'text')
        .addColumn('properties', 'text', (column) => column.notNull())
        .addColumn('etag', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('modified_at', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('destination_name', ['subaccount_id', 'instance_id', 'name'])
        .execute()
    },
  },
  '0301-destinations-labels': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('destination').addColumn('labels', 'text').execute()
    },
  },
  '0302-destinations-level-entry': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('level_entry')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('subaccount_id', 'text', (column) => column.notNull())
        .addColumn('instance_id', 'text', (column) => column.notNull())
        .addColumn('level', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('content', 'text', (column) => column.notNull())
        .addColumn('labels', 'text')
        .addColumn('etag', 'text', (column) => column.notNull())
        .addColumn('renew_at', 'bigint')
        .addColumn('expires_at', 'bigint')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('modified_at', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('level_entry_name', ['kind', 'subaccount_id', 'instance_id', 'name'])
        .execute()
    },
  },
  '0310-destinations-trust': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('destination_trust')
        .addColumn('subaccount_id', 'text', (column) => column.primaryKey())
        .addColumn('active_pair', 'text')
        .addColumn('passive_pair', 'text')
        .addColumn('modified_at', 'bigint', (column) => column.notNull())
        .execute()
    },
  },
  '0330-destinations-token': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('destination_token')
        .addColumn('key', 'text', (column) => column.primaryKey())
        .addColumn('token', 'text')
        .addColumn('renew_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('claimed_until', 'bigint', (column) => column.notNull())
        .execute()
    },
  },
}
