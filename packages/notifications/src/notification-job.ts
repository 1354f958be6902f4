import type { Clock, Closeable, Log } from '@landbridge/kernel'
import type { DeliveryQueue } from './delivery-queue.ts'
import type { NotificationCentre } from './notification-centre.ts'
import type { NotificationStore } from './notification-store.ts'

const dayMs = 86_400_000

export interface NotificationJobOptions {
  readonly centre: NotificationCentre
  readonly queue: DeliveryQueue
  readonly store: NotificationStore
  /** Every so often new events and due deliveries are looked for. Default ten seconds. */
  readonly periodMs?: number
  /** How long tasks and finished deliveries are kept. Default 400 days. */
  readonly keepMs?: number
  readonly clock: Clock
  readonly log: Log
}

/** Keeps notifications going in the background of one replica. */
export class NotificationJob implements Closeable {
  readonly #options: NotificationJobOptions
  #cancel: () => void
  #working: Promise<void> | undefined
  #isClosed: boolean
  #cleanedAtMs: number

  constructor(options: NotificationJobOptions) {
    this.#options = options
    this.#cancel = () => {}
    this.#working = undefined
    this.#isClosed = false
    this.#cleanedAtMs = 0
  }

  start(): void {
    this.#cancel = this.#options.clock.every(this.#options.periodMs ?? 10_000, () => void this.look())
    void this.look()
  }

  /** Does what is due now. A look that takes longer than the period is left alone. Never rejects. */
  look(): Promise<void> {
    this.#working ??= this.#look()
      .catch((failure: unknown) => this.#options.log.error('notifications.look-failed', {}, failure))
      .finally(() => {
        this.#working = undefined
      })
    return this.#working
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel()
    await this.#working
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return
    const { centre, queue, store, clock, keepMs = 400 * dayMs } = this.#options
    const isStopped = (): boolean => this.#isClosed
    await centre.deriveAll(isStopped)
    await queue.deliverDue(isStopped)
    if (clock.now() - this.#cleanedAtMs < dayMs) return
    this.#cleanedAtMs = clock.now()
    await store.removeBefore(clock.now() - keepMs)
  }
}
