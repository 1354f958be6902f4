/** Tables of notifications. Times are milliseconds since 1970. */
export interface NotificationTables {
  /** Of the area certificates, which writes it; read here. */
  certificate_events: { id: string; json: string; recorded_at_ms: number }
  /** Events that were dealt with. */
  notification_event: { event_id: string; derived_at_ms: number }
  notification: NotificationRow
  notification_delivery: DeliveryRow
  notification_subscription: { scope: string; subaccount_id: string | null; user_id: string }
  it_contact: ContactRow
  notification_webhook: WebhookRow
}

export interface NotificationRow {
  id: string
  event_id: string
  subaccount_id: string
  user_id: string
  user_name: string
  subject: string
  body: string
  state: string
  created_at_ms: number
  done_at_ms: number | null
}

export interface DeliveryRow {
  id: string
  event_id: string
  subaccount_id: string
  channel: string
  recipient: string
  subject: string
  state: string
  attempts: number
  next_attempt_ms: number
  /** The replica that is at it; empty when none is. */
  holder: string
  lease_until_ms: number
  created_at_ms: number
  finished_at_ms: number | null
  problem: string | null
}

export interface ContactRow {
  id: string
  /** The subaccount, or empty for the platform. */
  scope: string
  /** The same, null for the platform: removes the row with its subaccount. */
  subaccount_id: string | null
  name: string
  email: string
  email_key: string
}

export interface WebhookRow {
  id: string
  scope: string
  subaccount_id: string | null
  url: string
  /** Sealed for `webhook:<id>`. */
  secret: string
  created_at_ms: number
}
