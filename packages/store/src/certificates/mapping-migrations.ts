import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Schema changes of certificate mappings, by name. A released one is never edited. */
export const mappingMigrations: Readonly<Record<string, Migration>> = {
  '0510-certificates-communication-users': { up: createUsers },
  '0511-certificates-mappings': { up: createMappings },
}

async function createUsers(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('communication_users')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('subaccount_id', 'text', (c) => c.notNull().references('subaccount.id').onDelete('cascade'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('name_key', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('destination_instance_id', 'text', (c) => c.references('service_instance.id').onDelete('set null'))
    .addColumn('connectivity_instance_id', 'text', (c) => c.references('service_instance.id').onDelete('set null'))
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('communication_users_name', ['subaccount_id', 'name_key'])
    .execute()
}

async function createMappings(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('trusted_issuers')
    .addColumn('fingerprint', 'text', (c) => c.primaryKey())
    .addColumn('certificate', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('not_before_ms', 'bigint', (c) => c.notNull())
    .addColumn('not_after_ms', 'bigint', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('certificate_mappings')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('subaccount_id', 'text', (c) => c.notNull().references('subaccount.id').onDelete('cascade'))
    .addColumn('user_id', 'text', (c) => c.notNull().references('communication_users.id').onDelete('cascade'))
    .addColumn('fingerprint', 'text')
    .addColumn('certificate', 'text')
    .addColumn('serial_number', 'text')
    .addColumn('not_before_ms', 'bigint')
    .addColumn('not_after_ms', 'bigint')
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('subject_key', 'text', (c) => c.notNull())
    .addColumn('issuer', 'text', (c) => c.notNull())
    .addColumn('issuer_fingerprint', 'text', (c) => c.references('trusted_issuers.fingerprint').onDelete('restrict'))
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    // What makes a certificate belong to one user of a tenant, however many replicas take uploads at once.
    .addUniqueConstraint('certificate_mappings_fingerprint', ['subaccount_id', 'fingerprint'])
    .execute()
  for (const columns of [['fingerprint'], ['user_id'], ['issuer_fingerprint'], ['subaccount_id', 'issuer']])
    await db.schema
      .createIndex(`certificate_mappings_by_${columns.at(-1)}`)
      .on('certificate_mappings')
      .columns(columns)
      .execute()
}
