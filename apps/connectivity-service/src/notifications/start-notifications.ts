import { randomUUID } from 'node:crypto'
import type { Clock, Closeable, Log } from '@landbridge/kernel'
import { DeliveryQueue, NotificationCentre, NotificationJob, type NotificationStore } from '@landbridge/notifications'
import type { RegistryRepository } from '@landbridge/registry'
import type { NotificationsConfig } from './config.ts'
import { findKeyUsers } from './key-users.ts'
import { createMailSender } from './mail-sender.ts'
import { createWebhookSender } from './webhook-sender.ts'

export interface NotificationsOptions {
  readonly config: NotificationsConfig
  readonly store: NotificationStore
  readonly registry: Pick<RegistryRepository, 'listUsers' | 'listRoleCollections'>
  /** PEM of the platform's authority. */
  readonly ca: string
  readonly clock: Clock
  readonly log: Log
}

export interface RunningNotifications extends Closeable {
  /** Resolves when what is due now was tried. */
  look(): Promise<void>
}

/** @throws PlatformError CONFIG_INVALID */
export function startNotifications(options: NotificationsOptions): RunningNotifications {
  const { config, store, registry, ca, clock, log } = options
  const mail = createMailSender(config.mail)
  const webhook = createWebhookSender({ config: config.webhooks, store, ca, clock })
  const queue = new DeliveryQueue({
    store,
    senders: { mail: mail.send, webhook },
    holder: randomUUID(),
    giveUpMs: config.giveUpHours * 3_600_000,
    clock,
    log,
  })
  const keyUsers = (subaccountId: string) => findKeyUsers(registry, subaccountId)
  const job = new NotificationJob({
    centre: new NotificationCentre({ store, keyUsers, clock, log }),
    queue,
    store,
    periodMs: config.pollSeconds * 1_000,
    keepMs: config.keepDays * 86_400_000,
    clock,
    log,
  })
  job.start()
  return {
    look: () => job.look(),
    async close() {
      await job.close()
      mail.close()
    },
  }
}
