import { isIP } from 'node:net'
import { getCACertificates } from 'node:tls'
import { EndpointPolicy } from '@landbridge/destinations'
import { causesOf, codeOf, guardedLookup, isTimeout } from '@landbridge/http-api'
import type { Clock } from '@landbridge/kernel'
import {
  composeAlert,
  type NotificationStore,
  type Sender,
  type SendOutcome,
  signAlert,
  signatureHeader,
} from '@landbridge/notifications'
import { Agent, buildConnector, request } from 'undici'
import type { NotificationsConfig } from './config.ts'

export interface WebhookSenderOptions {
  readonly config: NotificationsConfig['webhooks']
  readonly store: Pick<NotificationStore, 'findWebhook'>
  /** Trusted besides the machine's authorities: the platform's own. */
  readonly ca: string
  readonly clock: Clock
}

/**
 * Posts alerts. Every address that a name resolves to is checked at the moment of connecting; redirects are not
 * followed, so that nobody is led past that check.
 */
export function createWebhookSender({ config, store, ca, clock }: WebhookSenderOptions): Sender {
  const policy = new EndpointPolicy(config)
  return async (delivery, news) => {
    const found = await store.findWebhook(delivery.recipient)
    if (found === undefined) return { kind: 'never', problem: 'the webhook was removed' }
    const url = new URL(found.webhook.url)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    // A literal address is connected to without a look-up.
    if (isIP(host) !== 0 && !policy.permits(host, host)) return forbidden
    const body = composeAlert(delivery, news)
    const agent = new Agent({
      allowH2: false,
      connect: buildConnector({
        timeout: config.timeoutMs,
        ca: [...getCACertificates('default'), ca],
        lookup: guardedLookup((name, address) => {
          if (!policy.permits(name, address)) throw new Forbidden()
        }),
      }),
    })
    try {
      const answer = await request(url, {
        method: 'POST',
        dispatcher: agent,
        headers: {
          'content-type': 'application/json',
          'landbridge-delivery': delivery.id,
          [signatureHeader]: signAlert(found.secret, body, clock.now()),
        },
        body,
        signal: AbortSignal.timeout(config.timeoutMs),
      })
      return outcomeOf(answer.statusCode)
    } catch (cause) {
      if ([...causesOf(cause)].some((error) => error instanceof Forbidden)) return forbidden
      const why = codeOf(cause) ?? (isTimeout(cause) ? 'no answer in time' : 'connection failed')
      return { kind: 'later', problem: `the receiver cannot be reached (${why})` }
    } finally {
      await agent.destroy()
    }
  }
}

/** What an administrator changes the configuration for, so it is tried again. */
const forbidden: SendOutcome = {
  kind: 'later',
  problem: 'the address is private, and notifications.webhooks.allow does not name it',
}

function outcomeOf(status: number): SendOutcome {
  if (status >= 200 && status < 300) return { kind: 'sent' }
  // RFC 9110 section 15.5.11: it is likely to be gone for good.
  if (status === 410) return { kind: 'never', problem: 'the receiver answered 410 (Gone)' }
  return { kind: 'later', problem: `the receiver answered ${status}` }
}

class Forbidden extends Error {}
