import { randomUUID } from 'node:crypto'
import { type Clock, PlatformError, randomSecret, Secret } from '@landbridge/kernel'
import { type ItContact, isMailAddress, type NotificationStore, type Webhook } from '@landbridge/notifications'
import type { Registry, UserAdministration } from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const newContact = Type.Object(
  { email: Type.String({ maxLength: 254 }), name: Type.Optional(Type.String({ maxLength: 100 })) },
  { additionalProperties: false },
)
const newWebhook = Type.Object(
  {
    url: Type.String({ maxLength: 2_000 }),
    secret: Type.Optional(
      Type.String({ minLength: 16, maxLength: 256, description: 'Key of the signature; generated when absent.' }),
    ),
  },
  { additionalProperties: false },
)

export interface RecipientRoutesOptions {
  readonly store: NotificationStore
  readonly registry: Registry
  readonly users: UserAdministration
  readonly clock: Clock
}

/** The subaccount of a request; empty on the routes of the platform. */
type ScopeOf = (request: FastifyRequest) => Promise<string>

/**
 * Who is told of certificates: below `/subaccounts/{id}` of those of the subaccount, without it of those of the
 * platform itself.
 */
export function addRecipientRoutes(api: FastifyInstance, options: RecipientRoutesOptions): void {
  const { registry } = options
  const ofSubaccount: ScopeOf = async (request) =>
    (await registry.subaccount((request.params as { readonly id: string }).id)).id
  addRoutes(api, '/subaccounts/:id', ofSubaccount, options)
  addRoutes(api, '', async () => '', options)
}

function addRoutes(api: FastifyInstance, prefix: string, scopeOf: ScopeOf, options: RecipientRoutesOptions): void {
  addContactRoutes(api, `${prefix}/itContacts`, scopeOf, options)
  addSubscriptionRoutes(api, `${prefix}/notificationSubscriptions`, scopeOf, options)
  addWebhookRoutes(api, `${prefix}/webhooks`, scopeOf, options)
}

type One = { Params: { one: string } }

function addContactRoutes(
  api: FastifyInstance,
  path: string,
  scopeOf: ScopeOf,
  { store }: RecipientRoutesOptions,
): void {
  api.get(path, async (request) => (await store.listContacts(await scopeOf(request))).map(showContact))
  api.post(path, { schema: { body: newContact } }, async (request, reply) => {
    const { email, name = '' } = request.body as Static<typeof newContact>
    if (!isMailAddress(email))
      throw new PlatformError('NOTIFICATION_RECIPIENT_INVALID', { field: 'email', reason: 'must be an e-mail address' })
    const contact = { id: randomUUID(), subaccountId: await scopeOf(request), name, email }
    await store.insertContact(contact)
    return reply.code(201).send(showContact(contact))
  })
  api.delete<One>(`${path}/:one`, async (request, reply) => {
    const { one } = request.params
    if (!(await store.deleteContact(await scopeOf(request), one))) throw unknownRecipient(one)
    return reply.code(204).send()
  })
}

function addSubscriptionRoutes(
  api: FastifyInstance,
  path: string,
  scopeOf: ScopeOf,
  { store, users }: RecipientRoutesOptions,
): void {
  api.get(path, async (request) => {
    const found = await store.listSubscriptions(await scopeOf(request))
    return Promise.all(
      found.map(async ({ userId }) => {
        const { userName, email } = await users.user(userId)
        return { userId, userName, email }
      }),
    )
  })
  api.put<One>(`${path}/:one`, async (request) => {
    const subaccountId = await scopeOf(request)
    const user = await users.user(request.params.one)
    if (user.subaccountId !== subaccountId) throw new PlatformError('USER_UNKNOWN', { userId: user.id })
    if (!isMailAddress(user.email))
      throw new PlatformError('NOTIFICATION_RECIPIENT_INVALID', {
        field: 'user',
        reason: 'the e-mail address of the user cannot be written to',
      })
    await store.putSubscription({ subaccountId, userId: user.id })
    return { userId: user.id, userName: user.userName, email: user.email }
  })
  api.delete<One>(`${path}/:one`, async (request, reply) => {
    const userId = request.params.one
    if (!(await store.deleteSubscription({ subaccountId: await scopeOf(request), userId })))
      throw unknownRecipient(userId)
    return reply.code(204).send()
  })
}

function addWebhookRoutes(
  api: FastifyInstance,
  path: string,
  scopeOf: ScopeOf,
  { store, clock }: RecipientRoutesOptions,
): void {
  api.get(path, async (request) => (await store.listWebhooks(await scopeOf(request))).map(showWebhook))
  api.post(path, { schema: { body: newWebhook } }, async (request, reply) => {
    const { url, secret = randomSecret(32) } = request.body as Static<typeof newWebhook>
    const subaccountId = await scopeOf(request)
    const webhook = { id: randomUUID(), subaccountId, url: checkedUrl(url), createdAtMs: clock.now() }
    await store.insertWebhook(webhook, new Secret(secret))
    // The only time that the secret is shown.
    return reply
      .code(201)
      .header('cache-control', 'no-store')
      .send({ ...showWebhook(webhook), secret })
  })
  api.delete<One>(`${path}/:one`, async (request, reply) => {
    const { one } = request.params
    if (!(await store.deleteWebhook(await scopeOf(request), one))) throw unknownRecipient(one)
    return reply.code(204).send()
  })
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new PlatformError('NOTIFICATION_RECIPIENT_INVALID', { field: 'url', reason: 'must be an http or https URL' })
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    throw new PlatformError('NOTIFICATION_RECIPIENT_INVALID', {
      field: 'url',
      reason: 'must not hold a user, a password or a fragment: alerts are signed instead',
    })
  return url.href
}

function showContact({ id, name, email }: ItContact): object {
  return { id, name, email }
}

function showWebhook({ id, url, createdAtMs }: Webhook): object {
  return { id, url, createdAt: new Date(createdAtMs).toISOString() }
}

function unknownRecipient(recipient: string): PlatformError {
  return new PlatformError('NOTIFICATION_RECIPIENT_UNKNOWN', { recipient })
}
