import { type Clock, PlatformError } from '@landbridge/kernel'
import type { Delivery, Notification, NotificationStore } from '@landbridge/notifications'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'

const notificationState = Type.Union([Type.Literal('open'), Type.Literal('done')])
const deliveryState = Type.Union([Type.Literal('pending'), Type.Literal('sent'), Type.Literal('failed')])
const limit = Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,3}$', description: 'At most so many; default 200.' }))
const text = Type.Optional(Type.String({ maxLength: 255 }))

const notificationSearch = Type.Object(
  { subaccount: text, user: text, state: Type.Optional(notificationState), limit },
  { additionalProperties: false },
)
const deliverySearch = Type.Object(
  {
    subaccount: text,
    event: Type.Optional(Type.String({ maxLength: 500 })),
    state: Type.Optional(deliveryState),
    limit,
  },
  { additionalProperties: false },
)
const change = Type.Object({ state: notificationState }, { additionalProperties: false })

type Id = { Params: { id: string } }

/** The notification centre, and what became of mails and alerts, for the operator. */
export function addNotificationRoutes(
  api: FastifyInstance,
  { store, clock }: { readonly store: NotificationStore; readonly clock: Clock },
): void {
  api.get('/notifications', { schema: { querystring: notificationSearch } }, async (request) => {
    const { subaccount, user, state, limit = '200' } = request.query as Static<typeof notificationSearch>
    const found = await store.listNotifications({
      limit: Number(limit),
      ...(subaccount === undefined ? {} : { subaccountId: subaccount }),
      ...(user === undefined ? {} : { userName: user }),
      ...(state === undefined ? {} : { state }),
    })
    return found.map(showNotification)
  })
  api.get<Id>('/notifications/:id', async (request) => {
    const notification = await known(store, request.params.id)
    return { ...showNotification(notification), text: notification.text }
  })
  api.patch<Id>('/notifications/:id', { schema: { body: change } }, async (request) => {
    const { state } = request.body as Static<typeof change>
    await store.setNotificationState(request.params.id, state, clock.now())
    return showNotification(await known(store, request.params.id))
  })
  api.get<Id>('/notifications/:id/certificate', async (request, reply) => {
    const { id, eventId } = await known(store, request.params.id)
    const certificate = (await store.news(eventId))?.certificate
    if (certificate === undefined || certificate.pem === '')
      throw new PlatformError('NOTIFICATION_WITHOUT_CERTIFICATE', { notification: id })
    return reply
      .header('content-disposition', `attachment; filename="certificate-${certificate.fingerprint.slice(0, 16)}.pem"`)
      .header('x-certificate-fingerprint', certificate.fingerprint)
      .type('application/x-pem-file')
      .send(certificate.pem)
  })

  api.get('/notifications/deliveries', { schema: { querystring: deliverySearch } }, async (request) => {
    const { subaccount, event, state, limit = '200' } = request.query as Static<typeof deliverySearch>
    const found = await store.listDeliveries({
      limit: Number(limit),
      ...(subaccount === undefined ? {} : { subaccountId: subaccount }),
      ...(event === undefined ? {} : { eventId: event }),
      ...(state === undefined ? {} : { state }),
    })
    return found.map(showDelivery)
  })
  api.post<Id>('/notifications/deliveries/:id/retry', async (request) => {
    const { id } = request.params
    if (!(await store.retry(id, clock.now())))
      throw new PlatformError('NOTIFICATION_DELIVERY_UNKNOWN', { delivery: id })
    const delivery = await store.findDelivery(id)
    return delivery === undefined ? {} : showDelivery(delivery)
  })
}

async function known(store: NotificationStore, id: string): Promise<Notification> {
  const found = await store.findNotification(id)
  if (found === undefined) throw new PlatformError('NOTIFICATION_UNKNOWN', { notification: id })
  return found
}

function showNotification({ createdAtMs, doneAtMs, text: _long, ...shown }: Notification): object {
  const done = doneAtMs === undefined ? {} : { doneAt: isoTime(doneAtMs) }
  return { ...shown, createdAt: isoTime(createdAtMs), ...done }
}

function showDelivery({ createdAtMs, finishedAtMs, nextAttemptMs, ...shown }: Delivery): object {
  return {
    ...shown,
    createdAt: isoTime(createdAtMs),
    ...(shown.state === 'pending' ? { nextAttemptAt: isoTime(nextAttemptMs) } : {}),
    ...(finishedAtMs === undefined ? {} : { finishedAt: isoTime(finishedAtMs) }),
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
