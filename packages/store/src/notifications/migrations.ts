import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Schema changes of notifications, by name. A released one is never edited. */
export const notificationMigrations: Readonly<Record<string, Migration>> = {
  '0520-notifications-tasks': { up: createTasks },
  '0521-notifications-deliveries': { up: createDeliveries },
  '0522-notifications-recipients': { up: createRecipients },
}

async function createTasks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('notification_event')
    .addColumn('event_id', 'text', (c) => c.primaryKey())
    .addColumn('derived_at_ms', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('notification')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('event_id', 'text', (c) => c.notNull())
    .addColumn('subaccount_id', 'text', (c) => c.notNull())
    .addColumn('user_id', 'text', (c) => c.notNull())
    .addColumn('user_name', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('done_at_ms', 'bigint')
    .addUniqueConstraint('notification_once', ['event_id', 'user_id'])
    .execute()
  await db.schema
    .createIndex('notification_subaccount')
    .on('notification')
    .columns(['subaccount_id', 'created_at_ms'])
    .execute()
}

async function createDeliveries(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('notification_delivery')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('event_id', 'text', (c) => c.notNull())
    .addColumn('subaccount_id', 'text', (c) => c.notNull())
    .addColumn('channel', 'text', (c) => c.notNull())
    .addColumn('recipient', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('attempts', 'bigint', (c) => c.notNull())
    .addColumn('next_attempt_ms', 'bigint', (c) => c.notNull())
    .addColumn('holder', 'text', (c) => c.notNull())
    .addColumn('lease_until_ms', 'bigint', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('finished_at_ms', 'bigint')
    .addColumn('problem', 'text')
    .addUniqueConstraint('notification_delivery_once', ['event_id', 'channel', 'recipient'])
    .execute()
  await db.schema
    .createIndex('notification_delivery_due')
    .on('notification_delivery')
    .columns(['state', 'channel', 'next_attempt_ms'])
    .execute()
}

async function createRecipients(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('notification_subscription')
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('subaccount_id', 'text', (c) => c.references('subaccount.id').onDelete('cascade'))
    .addColumn('user_id', 'text', (c) => c.notNull().references('local_user.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('notification_subscription_key', ['scope', 'user_id'])
    .execute()
  await db.schema
    .createTable('it_contact')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('subaccount_id', 'text', (c) => c.references('subaccount.id').onDelete('cascade'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('email_key', 'text', (c) => c.notNull())
    .addUniqueConstraint('it_contact_once', ['scope', 'email_key'])
    .execute()
  await db.schema
    .createTable('notification_webhook')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('subaccount_id', 'text', (c) => c.references('subaccount.id').onDelete('cascade'))
    .addColumn('url', 'text', (c) => c.notNull())
    .addColumn('secret', 'text', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .execute()
}
