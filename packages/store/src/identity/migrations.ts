import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const identityMigrations: Readonly<Record<string, Migration>> = {
  '0200-identity-signing-keys': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('identity_signing_key')
        .addColumn('generation', 'bigint', (column) => column.primaryKey())
        .addColumn('key_id', 'text', (column) => column.notNull().unique())
        .addColumn('algorithm', 'text', (column) => column.notNull())
        .addColumn('private_key', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('active_from', 'bigint', (column) => column.notNull())
        .execute()
      await db.schema
        .createTable('identity_single_use')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('until_time', 'bigint', (column) => column.notNull())
        .execute()
    },
  },
}
