import { type Clock, describeError, jitteredBackoffMs, type Log } from '@landbridge/kernel'
import type { CertificateNews } from './certificate-news.ts'
import type { Channel, Delivery } from './notification.ts'
import type { NotificationStore } from './notification-store.ts'

const batch = 10
const longestProblem = 300

/** What an attempt met. After `down` others need not try now; after `never` nobody needs to try again. */
export type SendOutcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'later' | 'down' | 'never'; readonly problem: string }

/** Sends one message. It may be sent twice under the ID of its delivery, by which a recipient can tell. */
export type Sender = (delivery: Delivery, news: CertificateNews) => Promise<SendOutcome>

export interface DeliveryQueueOptions {
  readonly store: NotificationStore
  readonly senders: Readonly<Record<Channel, Sender>>
  /** Another for each replica and each of its lives. */
  readonly holder: string
  /** How long a delivery stays with a replica that gives no sign; longer than any attempt. Default five minutes. */
  readonly leaseMs?: number
  /** First and longest wait after a failed attempt. Defaults half a minute and a quarter of an hour. */
  readonly backoffMs?: number
  readonly longestBackoffMs?: number
  /** A delivery that is pending for longer than this fails. Default three days. */
  readonly giveUpMs?: number
  readonly clock: Clock
  readonly log: Log
}

/** Delivers what is pending: one replica at a time tries, again and again until it works, is refused, or is too old. */
export class DeliveryQueue {
  readonly #options: Required<DeliveryQueueOptions>

  constructor(options: DeliveryQueueOptions) {
    const defaults = { leaseMs: 300_000, backoffMs: 30_000, longestBackoffMs: 900_000, giveUpMs: 3 * 86_400_000 }
    this.#options = { ...defaults, ...options }
  }

  /** Tries everything that is due. The channels do not wait for each other. */
  async deliverDue(isStopped: () => boolean = () => false): Promise<void> {
    await Promise.all([this.#drain('mail', isStopped), this.#drain('webhook', isStopped)])
  }

  async #drain(channel: Channel, isStopped: () => boolean): Promise<void> {
    const { store, holder, leaseMs, clock } = this.#options
    while (!isStopped()) {
      const now = clock.now()
      const claimed = await store.claim(channel, holder, now, now + leaseMs, batch)
      const outcomes = await Promise.all(claimed.map((delivery) => this.#attempt(delivery)))
      // A server that is down for one mail is down for all: the rest waits for the next look.
      if (claimed.length < batch || outcomes.includes('down')) return
    }
  }

  async #attempt(delivery: Delivery): Promise<SendOutcome['kind']> {
    const { store, senders, holder, clock, log } = this.#options
    const { id, eventId, channel } = delivery
    const outcome = await this.#send(senders[channel], delivery)
    const facts = { deliveryId: id, eventId, channel, attempt: delivery.attempts + 1 }
    if (outcome.kind === 'sent') {
      await store.record(id, holder, { state: 'sent' }, clock.now())
      log.info('notifications.sent', facts)
      return 'sent'
    }
    const problem = outcome.problem.slice(0, longestProblem)
    const isHopeless = outcome.kind === 'never' || clock.now() - delivery.createdAtMs >= this.#options.giveUpMs
    if (isHopeless) {
      await store.record(id, holder, { state: 'failed', problem }, clock.now())
      log.error('notifications.failed', { ...facts, problem })
    } else {
      const nextAttemptMs = clock.now() + this.#waitMs(delivery.attempts)
      await store.record(id, holder, { state: 'pending', problem, nextAttemptMs }, clock.now())
      log.warn('notifications.postponed', { ...facts, problem })
    }
    return outcome.kind
  }

  async #send(sender: Sender, delivery: Delivery): Promise<SendOutcome> {
    try {
      const news = await this.#options.store.news(delivery.eventId)
      if (news === undefined) return { kind: 'never', problem: 'the event is no longer kept' }
      return await sender(delivery, news)
    } catch (failure) {
      this.#options.log.error('notifications.sender-failed', { deliveryId: delivery.id }, failure)
      return { kind: 'later', problem: describeError(failure) }
    }
  }

  #waitMs(attempts: number): number {
    const { backoffMs, longestBackoffMs } = this.#options
    // At least half, so that a dead server is not called in a row by chance.
    return jitteredBackoffMs(attempts, backoffMs / 2, longestBackoffMs / 2) + backoffMs / 2
  }
}
