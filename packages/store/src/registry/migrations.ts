import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Schema changes of the registry, by name. A released one is never edited. */
export const registryMigrations: Readonly<Record<string, Migration>> = {
  '0100-registry-tenants': {
    async up(db: Kysely<unknown>) {
      await createTenantTables(db)
      await createServiceTables(db)
      await createUserTables(db)
    },
  },
  '0101-registry-connectors': { up: createConnectorTables },
  '0110-registry-subscriptions': { up: createSubscriptionTable },
  '0320-registry-broker-requests': { up: addRequestDigests },
  '0321-registry-shared-clients': { up: addSharedClients },
  '0322-registry-provisioning': { up: addProvisioning },
  '0512-registry-password-changes': { up: addPasswordChanges },
  '0503-registry-certificate-lineage': { up: addCertificateLineage },
  '0602-registry-certificate-reports': { up: addCertificateReports },
  '0601-registry-connector-description': { up: addConnectorDescription },
}

async function createTenantTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('registry_sequence')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('value', 'bigint', (c) => c.notNull())
    .execute()
  // 1 belongs to the platform's own applications (`connectivity!b1`).
  await (db as Kysely<{ registry_sequence: { name: string; value: number } }>)
    .insertInto('registry_sequence')
    .values({ name: 'application', value: 1 })
    .execute()
  await db.schema
    .createTable('subaccount')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('subdomain', 'text', (c) => c.notNull().unique())
    .addColumn('display_name', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
}

async function createServiceTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('service_instance')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('subaccount_id', 'text', (c) => c.notNull().references('subaccount.id').onDelete('cascade'))
    .addColumn('service', 'text', (c) => c.notNull())
    .addColumn('plan', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('xsappname', 'text', (c) => c.notNull().unique())
    .addColumn('parameters', 'text', (c) => c.notNull())
    .addColumn('redirect_uris', 'text', (c) => c.notNull())
    .addColumn('supports_x509', 'bigint', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('service_instance_name', ['subaccount_id', 'name'])
    .execute()
  await db.schema
    .createTable('service_binding')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('instance_id', 'text', (c) => c.notNull().references('service_instance.id').onDelete('cascade'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('client_id', 'text', (c) => c.notNull().unique())
    .addColumn('credential_type', 'text', (c) => c.notNull())
    .addColumn('client_secret', 'text')
    .addColumn('certificate', 'text')
    .addColumn('private_key', 'text')
    .addColumn('certificate_thumbprint', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('service_binding_name', ['instance_id', 'name'])
    .execute()
}

async function createUserTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('local_user')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('subaccount_id', 'text', (c) => c.notNull())
    .addColumn('user_name', 'text', (c) => c.notNull())
    .addColumn('user_key', 'text', (c) => c.notNull())
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('email_key', 'text', (c) => c.notNull())
    .addColumn('given_name', 'text', (c) => c.notNull())
    .addColumn('family_name', 'text', (c) => c.notNull())
    .addColumn('origin', 'text', (c) => c.notNull())
    .addColumn('password_hash', 'text', (c) => c.notNull())
    .addColumn('role_collections', 'text', (c) => c.notNull())
    .addColumn('attributes', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('local_user_name', ['subaccount_id', 'user_key'])
    .execute()
  await db.schema
    .createTable('role_collection')
    .addColumn('subaccount_id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('roles', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('role_collection_key', ['subaccount_id', 'name'])
    .execute()
}

async function createConnectorTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('connector_certificate')
    .addColumn('fingerprint', 'text', (c) => c.primaryKey())
    .addColumn('serial', 'text', (c) => c.notNull())
    .addColumn('subaccount_id', 'text', (c) => c.notNull())
    .addColumn('connector_id', 'text', (c) => c.notNull())
    .addColumn('location_id', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('initiated_by', 'text', (c) => c.notNull())
    .addColumn('issued_at', 'bigint', (c) => c.notNull())
    .addColumn('not_after', 'bigint', (c) => c.notNull())
    .addColumn('revoked_at', 'bigint')
    .addColumn('revoke_reason', 'text')
    .execute()
  await db.schema
    .createIndex('connector_certificate_subaccount')
    .on('connector_certificate')
    .columns(['subaccount_id', 'connector_id'])
    .execute()
  await db.schema
    .createTable('connector_session')
    .addColumn('session_id', 'text', (c) => c.primaryKey())
    .addColumn('replica_id', 'text', (c) => c.notNull())
    .addColumn('subaccount_id', 'text', (c) => c.notNull())
    .addColumn('location_id', 'text', (c) => c.notNull())
    .addColumn('connector_id', 'text', (c) => c.notNull())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('ha_role', 'text', (c) => c.notNull())
    .addColumn('load_sharing', 'bigint', (c) => c.notNull())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('serial', 'text', (c) => c.notNull())
    .addColumn('remote_address', 'text', (c) => c.notNull())
    .addColumn('connected_since', 'bigint', (c) => c.notNull())
    .addColumn('lease_until', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createIndex('connector_session_place')
    .on('connector_session')
    .columns(['subaccount_id', 'location_id'])
    .execute()
}

async function createSubscriptionTable(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('subscription')
    .addColumn('provider_subaccount_id', 'text', (c) => c.notNull().references('subaccount.id').onDelete('cascade'))
    // A deleted application loses its subscribers.
    .addColumn('xsappname', 'text', (c) => c.notNull().references('service_instance.xsappname').onDelete('cascade'))
    .addColumn('subscriber_subaccount_id', 'text', (c) => c.notNull().references('subaccount.id').onDelete('cascade'))
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('subscription_key', ['subscriber_subaccount_id', 'xsappname'])
    .execute()
  await db.schema
    .createIndex('subscription_provider')
    .on('subscription')
    .columns(['subscriber_subaccount_id', 'provider_subaccount_id'])
    .execute()
}

async function addRequestDigests(db: Kysely<unknown>): Promise<void> {
  for (const table of ['service_instance', 'service_binding'])
    await db.schema.alterTable(table).addColumn('request_digest', 'text').execute()
}

async function addSharedClients(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('service_binding').addColumn('shared_client_id', 'text').execute()
  await db.schema
    .createIndex('service_binding_shared_client')
    .on('service_binding')
    .column('shared_client_id')
    .execute()
}

async function addProvisioning(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('subscription')
    .addColumn('state', 'text', (c) => c.notNull().defaultTo('subscribed'))
    .execute()
  for (const column of ['dependencies', 'application_url', 'failure'])
    await db.schema.alterTable('subscription').addColumn(column, 'text').execute()
}

async function addPasswordChanges(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('local_user').addColumn('password_changed_at', 'bigint').execute()
}

async function addCertificateReports(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('connector_certificate_report')
    .addColumn('subaccount_id', 'text', (c) => c.notNull().references('subaccount.id').onDelete('cascade'))
    .addColumn('connector_id', 'text', (c) => c.notNull())
    .addColumn('location_id', 'text', (c) => c.notNull())
    .addColumn('certificates', 'text', (c) => c.notNull())
    .addColumn('omitted', 'bigint', (c) => c.notNull())
    .addColumn('reported_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('connector_certificate_report_key', ['subaccount_id', 'connector_id'])
    .execute()
}

async function addCertificateLineage(db: Kysely<unknown>): Promise<void> {
  for (const column of ['chain', 'predecessor'])
    await db.schema.alterTable('connector_certificate').addColumn(column, 'text').execute()
  await db.schema
    .alterTable('connector_certificate')
    .addColumn('is_renewed_by_connector', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute()
}

async function addConnectorDescription(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('connector_session')
    .addColumn('connector_description', 'text', (c) => c.notNull().defaultTo(''))
    .execute()
}
