import { createHash } from 'node:crypto'

export type NotificationState = 'open' | 'done'

/** A task in the notification centre: one event, for one key user. */
export interface Notification {
  readonly id: string
  readonly eventId: string
  readonly subaccountId: string
  readonly userId: string
  readonly userName: string
  readonly subject: string
  readonly text: string
  readonly state: NotificationState
  readonly createdAtMs: number
  readonly doneAtMs?: number
}

export interface NotificationFilter {
  readonly subaccountId?: string
  readonly userName?: string
  readonly state?: NotificationState
  readonly limit: number
}

export type Channel = 'mail' | 'webhook'
export type DeliveryState = 'pending' | 'sent' | 'failed'

/** A message on its way to one recipient. */
export interface Delivery {
  /** The same for the same event, channel and recipient. */
  readonly id: string
  readonly eventId: string
  readonly subaccountId: string
  readonly channel: Channel
  /** An e-mail address, or the ID of a webhook. */
  readonly recipient: string
  readonly subject: string
  readonly state: DeliveryState
  /** How often it was tried. */
  readonly attempts: number
  /** Not before; of a pending one. */
  readonly nextAttemptMs: number
  readonly createdAtMs: number
  readonly finishedAtMs?: number
  /** What the last attempt met; no secrets. */
  readonly problem?: string
}

export interface DeliveryFilter {
  readonly subaccountId?: string
  readonly state?: DeliveryState
  readonly eventId?: string
  readonly limit: number
}

/** A user who takes care of the certificates of a subaccount. */
export interface KeyUser {
  readonly id: string
  readonly userName: string
  readonly email: string
}

/** Who is told by mail in any case. */
export interface ItContact {
  readonly id: string
  /** Empty: of the platform, for its own certificates. */
  readonly subaccountId: string
  readonly name: string
  readonly email: string
}

/** A key user who wants the tasks of a subaccount by mail too. */
export interface MailSubscription {
  readonly subaccountId: string
  readonly userId: string
}

/** An address that alerts are sent to. */
export interface Webhook {
  readonly id: string
  readonly subaccountId: string
  readonly url: string
  readonly createdAtMs: number
}

export function notificationId(eventId: string, userId: string): string {
  return digest('task', eventId, userId)
}

export function deliveryId(eventId: string, channel: Channel, recipient: string): string {
  return digest(channel, eventId, recipient)
}

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}
