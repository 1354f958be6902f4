import type { Secret } from '@landbridge/kernel'
import type { CertificateNews } from './certificate-news.ts'
import type {
  Channel,
  Delivery,
  DeliveryFilter,
  ItContact,
  MailSubscription,
  Notification,
  NotificationFilter,
  NotificationState,
  Webhook,
} from './notification.ts'

/** What an event leads to. */
export interface Derived {
  readonly notifications: readonly Notification[]
  readonly deliveries: readonly Delivery[]
}

/** What became of an attempt to deliver. */
export type DeliveryResult =
  | { readonly state: 'sent' }
  | { readonly state: 'failed'; readonly problem: string }
  | { readonly state: 'pending'; readonly problem: string; readonly nextAttemptMs: number }

/** Keeps tasks, deliveries and who is told. */
export interface NotificationStore {
  /** Events of the outbox that nobody turned into tasks yet, oldest first. */
  underived(limit: number): Promise<readonly CertificateNews[]>
  /** Writes what an event leads to, all or nothing. False when another did so before: then nothing changes. */
  derive(eventId: string, derived: Derived, atMs: number): Promise<boolean>
  news(eventId: string): Promise<CertificateNews | undefined>

  listNotifications(filter: NotificationFilter): Promise<readonly Notification[]>
  findNotification(id: string): Promise<Notification | undefined>
  /** False when there is no such task. */
  setNotificationState(id: string, state: NotificationState, atMs: number): Promise<boolean>

  listDeliveries(filter: DeliveryFilter): Promise<readonly Delivery[]>
  findDelivery(id: string): Promise<Delivery | undefined>
  /** Takes pending deliveries that are due and that nobody holds; they are the holder's until the lease ends. */
  claim(
    channel: Channel,
    holder: string,
    nowMs: number,
    leaseUntilMs: number,
    limit: number,
  ): Promise<readonly Delivery[]>
  /** Notes what became of an attempt and gives the delivery back. False when it belongs to another by now. */
  record(id: string, holder: string, result: DeliveryResult, atMs: number): Promise<boolean>
  /** Makes a failed delivery pending again, as if it were new. False when it is none. */
  retry(id: string, atMs: number): Promise<boolean>
  /** Removes finished deliveries and tasks that are older. */
  removeBefore(ms: number): Promise<void>

  listContacts(subaccountId: string): Promise<readonly ItContact[]>
  /** @throws PlatformError IT_CONTACT_TAKEN, SUBACCOUNT_UNKNOWN */
  insertContact(contact: ItContact): Promise<void>
  deleteContact(subaccountId: string, id: string): Promise<boolean>

  listSubscriptions(subaccountId: string): Promise<readonly MailSubscription[]>
  /** Does nothing when it is there. */
  putSubscription(subscription: MailSubscription): Promise<void>
  deleteSubscription(subscription: MailSubscription): Promise<boolean>

  listWebhooks(subaccountId: string): Promise<readonly Webhook[]>
  findWebhook(id: string): Promise<{ readonly webhook: Webhook; readonly secret: Secret } | undefined>
  insertWebhook(webhook: Webhook, secret: Secret): Promise<void>
  /** What is pending for it fails then. */
  deleteWebhook(subaccountId: string, id: string): Promise<boolean>
}
