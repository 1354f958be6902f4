import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { mappingMigrations } from './mapping-migrations.ts'

/** Schema changes of certificates, by name. A released one is never edited. */
export const certificateMigrations: Readonly<Record<string, Migration>> = {
  '0500-certificates-tenant-certificates': { up: createTenantCertificates },
  '0501-certificates-events': { up: createEvents },
  '0502-certificates-renewal-runs': { up: createRenewalRuns },
  ...mappingMigrations,
}

async function createTenantCertificates(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('tenant_certificates')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('subaccount_id', 'text', (c) => c.notNull().references('subaccount.id').onDelete('cascade'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('renewer', 'text', (c) => c.notNull())
    .addColumn('key_algorithm', 'text', (c) => c.notNull())
    .addColumn('lifetime_days', 'bigint', (c) => c.notNull())
    .addColumn('certificate', 'text', (c) => c.notNull())
    .addColumn('private_key', 'text')
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('not_before_ms', 'bigint', (c) => c.notNull())
    .addColumn('not_after_ms', 'bigint', (c) => c.notNull())
    .addColumn('predecessor_id', 'text', (c) => c.unique())
    .addColumn('successor_id', 'text')
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('retired_at_ms', 'bigint')
    .execute()
  await db.schema
    .createIndex('tenant_certificates_active')
    .unique()
    .on('tenant_certificates')
    .columns(['subaccount_id', 'name'])
    .where(sql<boolean>`state = 'active'`)
    .execute()
  for (const column of ['fingerprint', 'not_after_ms'])
    await db.schema.createIndex(`tenant_certificates_${column}`).on('tenant_certificates').column(column).execute()
}

async function createEvents(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('certificate_events')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('json', 'text', (c) => c.notNull())
    .addColumn('recorded_at_ms', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('certificate_events_recorded').on('certificate_events').column('recorded_at_ms').execute()
}

async function createRenewalRuns(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('renewal_runs')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('holder', 'text', (c) => c.notNull())
    .addColumn('lease_until_ms', 'bigint', (c) => c.notNull())
    .addColumn('started_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('finished_at_ms', 'bigint')
    .execute()
  await db.schema
    .createTable('renewal_outcomes')
    .addColumn('run_id', 'text', (c) => c.notNull().references('renewal_runs.id').onDelete('cascade'))
    .addColumn('certificate', 'text', (c) => c.notNull())
    .addColumn('json', 'text', (c) => c.notNull())
    .addColumn('recorded_at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('renewal_outcomes_key', ['run_id', 'certificate'])
    .execute()
}
