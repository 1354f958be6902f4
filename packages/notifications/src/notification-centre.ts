import type { Clock, Log } from '@landbridge/kernel'
import type { CertificateNews } from './certificate-news.ts'
import { composeMessage } from './message.ts'
import { type Channel, type Delivery, deliveryId, type KeyUser, notificationId } from './notification.ts'
import type { Derived, NotificationStore } from './notification-store.ts'

const batch = 50

export interface NotificationCentreOptions {
  readonly store: NotificationStore
  /** Who takes care of the certificates of a subaccount; with an empty ID: of the platform. */
  readonly keyUsers: (subaccountId: string) => Promise<readonly KeyUser[]>
  readonly clock: Clock
  readonly log: Log
}

/** Turns events of certificates into tasks, mails and alerts: each once, whatever happens in between. */
export class NotificationCentre {
  readonly #options: NotificationCentreOptions

  constructor(options: NotificationCentreOptions) {
    this.#options = options
  }

  /** Deals with all events of the outbox that are new. @returns how many this call dealt with */
  async deriveAll(isStopped: () => boolean = () => false): Promise<number> {
    const { store } = this.#options
    let derived = 0
    for (;;) {
      const news = await store.underived(batch)
      for (const one of news) {
        if (isStopped()) return derived
        if (await this.#derive(one)) derived++
      }
      if (news.length < batch) return derived
    }
  }

  async #derive(news: CertificateNews): Promise<boolean> {
    const { store, clock, log } = this.#options
    const atMs = clock.now()
    const isOurs = await store.derive(news.id, await this.#derived(news, atMs), atMs)
    if (isOurs)
      log.info('notifications.derived', {
        eventId: news.id,
        kind: news.kind,
        subaccountId: news.subaccountId,
        fingerprint: news.certificate.fingerprint,
      })
    return isOurs
  }

  async #derived(news: CertificateNews, atMs: number): Promise<Derived> {
    const { store, keyUsers } = this.#options
    const { subaccountId } = news
    const users = await keyUsers(subaccountId)
    const { subject, text } = composeMessage(news)
    const subscribed = new Set((await store.listSubscriptions(subaccountId)).map(({ userId }) => userId))
    const contacts = await store.listContacts(subaccountId)
    const addresses = new Map<string, string>()
    for (const email of [...contacts, ...users.filter(({ id }) => subscribed.has(id))].map((one) => one.email))
      addresses.set(email.toLowerCase(), email) // who is both contact and subscriber is told once
    const webhooks = await store.listWebhooks(subaccountId)
    const delivery = (channel: Channel, recipient: string): Delivery => ({
      id: deliveryId(news.id, channel, channel === 'mail' ? recipient.toLowerCase() : recipient),
      eventId: news.id,
      subaccountId,
      channel,
      recipient,
      subject,
      state: 'pending',
      attempts: 0,
      nextAttemptMs: atMs,
      createdAtMs: atMs,
    })
    return {
      notifications: users.map(({ id: userId, userName }) => ({
        id: notificationId(news.id, userId),
        eventId: news.id,
        subaccountId,
        userId,
        userName,
        subject,
        text,
        state: 'open',
        createdAtMs: atMs,
      })),
      deliveries: [
        ...[...addresses.values()].map((address) => delivery('mail', address)),
        ...webhooks.map(({ id }) => delivery('webhook', id)),
      ],
    }
  }
}
