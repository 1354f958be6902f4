import type { Subscription, Subscriptions } from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'

const newSubscription = Type.Object(
  {
    xsappname: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'The application: the xsappname of an xsuaa instance of another subaccount, for example shop!t7',
    }),
  },
  { additionalProperties: false },
)

type Id = { Params: { id: string } }

/** Which applications of other subaccounts a subaccount is subscribed to, for the operator. */
export function addSubscriptionRoutes(api: FastifyInstance, subscriptions: Subscriptions): void {
  api.get<Id>('/subaccounts/:id/subscriptions', async (request) =>
    (await subscriptions.list(request.params.id)).map(showSubscription),
  )

  api.post<Id>('/subaccounts/:id/subscriptions', { schema: { body: newSubscription } }, async (request, reply) => {
    const { xsappname } = request.body as Static<typeof newSubscription>
    const { outcome, subscription } = await subscriptions.subscribe(request.params.id, xsappname)
    const path = `${subscription.subscriberSubaccountId}/subscriptions/${encodeURIComponent(xsappname)}`
    return reply
      .code(outcome === 'created' ? 201 : 200)
      .header('location', `/api/v1/subaccounts/${path}`)
      .send(showSubscription(subscription))
  })

  api.delete<{ Params: { id: string; xsappname: string } }>(
    '/subaccounts/:id/subscriptions/:xsappname',
    async (request, reply) => {
      await subscriptions.unsubscribe(request.params.id, request.params.xsappname)
      return reply.code(204).send()
    },
  )
}

function showSubscription({ createdAtMs, ...subscription }: Subscription): object {
  return { ...subscription, createdAt: new Date(createdAtMs).toISOString() }
}
