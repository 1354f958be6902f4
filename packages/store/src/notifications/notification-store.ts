import { PlatformError, Secret } from '@landbridge/kernel'
import type {
  CertificateNews,
  Channel,
  Delivery,
  DeliveryFilter,
  DeliveryResult,
  Derived,
  ItContact,
  MailSubscription,
  Notification,
  NotificationFilter,
  NotificationState,
  NotificationStore,
  Webhook,
} from '@landbridge/notifications'
import { isDuplicate, toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import { sealedColumns } from '../sealed/sealed-columns.ts'
import { fromDeliveryRow, fromNotificationRow, toDeliveryRow, toNotificationRow } from './rows.ts'
import type { NotificationTables } from './tables.ts'

/** Notifications in SQL. */
export class SqlNotificationStore implements NotificationStore {
  readonly #store: Store<NotificationTables>

  constructor(store: Store<NotificationTables>) {
    this.#store = store
  }

  get #db() {
    return this.#store.db
  }

  async underived(limit: number): Promise<readonly CertificateNews[]> {
    const rows = await this.#db
      .selectFrom('certificate_events')
      .select('json')
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('notification_event')
              .select('event_id')
              .whereRef('notification_event.event_id', '=', 'certificate_events.id'),
          ),
        ),
      )
      .orderBy('recorded_at_ms')
      .orderBy('id')
      .limit(limit)
      .execute()
    return rows.map(readNews)
  }

  async derive(eventId: string, { notifications, deliveries }: Derived, atMs: number): Promise<boolean> {
    return this.#db.transaction().execute(async (transaction) => {
      // First: another replica that is at the same event waits here, and then finds it done.
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('notification_event')
        .values({ event_id: eventId, derived_at_ms: atMs })
        .onConflict((conflict) => conflict.column('event_id').doNothing())
        .executeTakeFirst()
      if (numInsertedOrUpdatedRows !== 1n) return false
      for (const notification of notifications)
        await transaction.insertInto('notification').values(toNotificationRow(notification)).execute()
      for (const delivery of deliveries)
        await transaction.insertInto('notification_delivery').values(toDeliveryRow(delivery)).execute()
      return true
    })
  }

  async news(eventId: string): Promise<CertificateNews | undefined> {
    const row = await this.#db
      .selectFrom('certificate_events')
      .select('json')
      .where('id', '=', eventId)
      .executeTakeFirst()
    return row && readNews(row)
  }

  async listNotifications({
    subaccountId,
    userName,
    state,
    limit,
  }: NotificationFilter): Promise<readonly Notification[]> {
    let query = this.#db.selectFrom('notification').selectAll()
    if (subaccountId !== undefined) query = query.where('subaccount_id', '=', subaccountId)
    if (userName !== undefined) query = query.where('user_name', '=', userName)
    if (state !== undefined) query = query.where('state', '=', state)
    const rows = await query.orderBy('created_at_ms', 'desc').orderBy('id').limit(limit).execute()
    return rows.map(fromNotificationRow)
  }

  async findNotification(id: string): Promise<Notification | undefined> {
    const row = await this.#db.selectFrom('notification').selectAll().where('id', '=', id).executeTakeFirst()
    return row && fromNotificationRow(row)
  }

  async setNotificationState(id: string, state: NotificationState, atMs: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('notification')
      .set({ state, done_at_ms: state === 'done' ? atMs : null })
      .where('id', '=', id)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async listDeliveries({ subaccountId, state, eventId, limit }: DeliveryFilter): Promise<readonly Delivery[]> {
    let query = this.#db.selectFrom('notification_delivery').selectAll()
    if (subaccountId !== undefined) query = query.where('subaccount_id', '=', subaccountId)
    if (state !== undefined) query = query.where('state', '=', state)
    if (eventId !== undefined) query = query.where('event_id', '=', eventId)
    const rows = await query.orderBy('created_at_ms', 'desc').orderBy('id').limit(limit).execute()
    return rows.map(fromDeliveryRow)
  }

  async findDelivery(id: string): Promise<Delivery | undefined> {
    const row = await this.#db.selectFrom('notification_delivery').selectAll().where('id', '=', id).executeTakeFirst()
    return row && fromDeliveryRow(row)
  }

  async claim(
    channel: Channel,
    holder: string,
    nowMs: number,
    leaseUntilMs: number,
    limit: number,
  ): Promise<readonly Delivery[]> {
    const due = await this.#db
      .selectFrom('notification_delivery')
      .select('id')
      .where('state', '=', 'pending')
      .where('channel', '=', channel)
      .where('next_attempt_ms', '<=', nowMs)
      .where('lease_until_ms', '<=', nowMs)
      .orderBy('next_attempt_ms')
      .orderBy('id')
      .limit(limit)
      .execute()
    if (due.length === 0) return []
    // The conditions again: a row that another took meanwhile is not updated.
    const rows = await this.#db
      .updateTable('notification_delivery')
      .set({ holder, lease_until_ms: leaseUntilMs })
      .where(
        'id',
        'in',
        due.map(({ id }) => id),
      )
      .where('state', '=', 'pending')
      .where('lease_until_ms', '<=', nowMs)
      .returningAll()
      .execute()
    return rows.map(fromDeliveryRow)
  }

  async record(id: string, holder: string, result: DeliveryResult, atMs: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('notification_delivery')
      .set((eb) => ({
        state: result.state,
        attempts: eb('attempts', '+', 1),
        problem: result.state === 'sent' ? null : result.problem,
        holder: '',
        lease_until_ms: 0,
        ...(result.state === 'pending' ? { next_attempt_ms: result.nextAttemptMs } : { finished_at_ms: atMs }),
      }))
      .where('id', '=', id)
      .where('holder', '=', holder)
      .where('state', '=', 'pending')
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async retry(id: string, atMs: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('notification_delivery')
      .set({ state: 'pending', next_attempt_ms: atMs, created_at_ms: atMs, finished_at_ms: null })
      .where('id', '=', id)
      .where('state', '=', 'failed')
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async removeBefore(ms: number): Promise<void> {
    await this.#db
      .deleteFrom('notification_delivery')
      .where('state', '!=', 'pending')
      .where('created_at_ms', '<', ms)
      .execute()
    await this.#db.deleteFrom('notification').where('created_at_ms', '<', ms).execute()
  }

  async listContacts(subaccountId: string): Promise<readonly ItContact[]> {
    const rows = await this.#db
      .selectFrom('it_contact')
      .selectAll()
      .where('scope', '=', subaccountId)
      .orderBy('email_key')
      .execute()
    return rows.map(({ id, scope, name, email }) => ({ id, subaccountId: scope, name, email }))
  }

  async insertContact({ id, subaccountId, name, email }: ItContact): Promise<void> {
    try {
      await this.#db
        .insertInto('it_contact')
        .values({ id, ...scopeOf(subaccountId), name, email, email_key: email.toLowerCase() })
        .execute()
    } catch (cause) {
      if (!isDuplicate(cause)) throw toStoreError(cause)
      throw new PlatformError('IT_CONTACT_TAKEN', { email }, { cause })
    }
  }

  async deleteContact(subaccountId: string, id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('it_contact')
      .where('scope', '=', subaccountId)
      .where('id', '=', id)
      .executeTakeFirst()
    return numDeletedRows > 0n
  }

  async listSubscriptions(subaccountId: string): Promise<readonly MailSubscription[]> {
    const rows = await this.#db
      .selectFrom('notification_subscription')
      .selectAll()
      .where('scope', '=', subaccountId)
      .orderBy('user_id')
      .execute()
    return rows.map(({ scope, user_id: userId }) => ({ subaccountId: scope, userId }))
  }

  async putSubscription({ subaccountId, userId }: MailSubscription): Promise<void> {
    await this.#db
      .insertInto('notification_subscription')
      .values({ ...scopeOf(subaccountId), user_id: userId })
      .onConflict((conflict) => conflict.columns(['scope', 'user_id']).doNothing())
      .execute()
  }

  async deleteSubscription({ subaccountId, userId }: MailSubscription): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('notification_subscription')
      .where('scope', '=', subaccountId)
      .where('user_id', '=', userId)
      .executeTakeFirst()
    return numDeletedRows > 0n
  }

  async listWebhooks(subaccountId: string): Promise<readonly Webhook[]> {
    const rows = await this.#db
      .selectFrom('notification_webhook')
      .selectAll()
      .where('scope', '=', subaccountId)
      .orderBy('created_at_ms')
      .orderBy('id')
      .execute()
    return rows.map(({ id, scope, url, created_at_ms: createdAtMs }) => ({ id, subaccountId: scope, url, createdAtMs }))
  }

  async findWebhook(id: string): Promise<{ readonly webhook: Webhook; readonly secret: Secret } | undefined> {
    const row = await this.#db.selectFrom('notification_webhook').selectAll().where('id', '=', id).executeTakeFirst()
    if (row === undefined) return undefined
    const { scope, url, created_at_ms: createdAtMs } = row
    const secret = new Secret(this.#store.sealer.open(row.secret, sealedColumns.webhookSecret.context(id)))
    return { webhook: { id, subaccountId: scope, url, createdAtMs }, secret }
  }

  async insertWebhook({ id, subaccountId, url, createdAtMs }: Webhook, secret: Secret): Promise<void> {
    const sealed = this.#store.sealer.seal(secret.reveal(), sealedColumns.webhookSecret.context(id))
    await this.#db
      .insertInto('notification_webhook')
      .values({ id, ...scopeOf(subaccountId), url, secret: sealed, created_at_ms: createdAtMs })
      .execute()
  }

  async deleteWebhook(subaccountId: string, id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('notification_webhook')
      .where('scope', '=', subaccountId)
      .where('id', '=', id)
      .executeTakeFirst()
    return numDeletedRows > 0n
  }
}

function scopeOf(subaccountId: string): { scope: string; subaccount_id: string | null } {
  return { scope: subaccountId, subaccount_id: subaccountId === '' ? null : subaccountId }
}

function readNews({ json }: { readonly json: string }): CertificateNews {
  return JSON.parse(json) as CertificateNews // the outbox holds what the area certificates recorded
}
