import type { Channel, Delivery, DeliveryState, Notification } from '@landbridge/notifications'
import type { DeliveryRow, NotificationRow } from './tables.ts'

export function toNotificationRow(notification: Notification): NotificationRow {
  return {
    id: notification.id,
    event_id: notification.eventId,
    subaccount_id: notification.subaccountId,
    user_id: notification.userId,
    user_name: notification.userName,
    subject: notification.subject,
    body: notification.text,
    state: notification.state,
    created_at_ms: notification.createdAtMs,
    done_at_ms: notification.doneAtMs ?? null,
  }
}

export function fromNotificationRow(row: NotificationRow): Notification {
  return {
    id: row.id,
    eventId: row.event_id,
    subaccountId: row.subaccount_id,
    userId: row.user_id,
    userName: row.user_name,
    subject: row.subject,
    text: row.body,
    state: row.state === 'done' ? 'done' : 'open',
    createdAtMs: row.created_at_ms,
    ...(row.done_at_ms === null ? {} : { doneAtMs: row.done_at_ms }),
  }
}

export function toDeliveryRow(delivery: Delivery): DeliveryRow {
  return {
    id: delivery.id,
    event_id: delivery.eventId,
    subaccount_id: delivery.subaccountId,
    channel: delivery.channel,
    recipient: delivery.recipient,
    subject: delivery.subject,
    state: delivery.state,
    attempts: delivery.attempts,
    next_attempt_ms: delivery.nextAttemptMs,
    holder: '',
    lease_until_ms: 0,
    created_at_ms: delivery.createdAtMs,
    finished_at_ms: delivery.finishedAtMs ?? null,
    problem: delivery.problem ?? null,
  }
}

export function fromDeliveryRow(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    eventId: row.event_id,
    subaccountId: row.subaccount_id,
    // Written by `toDeliveryRow` and `record` only.
    channel: row.channel as Channel,
    recipient: row.recipient,
    subject: row.subject,
    state: row.state as DeliveryState,
    attempts: row.attempts,
    nextAttemptMs: row.next_attempt_ms,
    createdAtMs: row.created_at_ms,
    ...(row.finished_at_ms === null ? {} : { finishedAtMs: row.finished_at_ms }),
    ...(row.problem === null ? {} : { problem: row.problem }),
  }
}
