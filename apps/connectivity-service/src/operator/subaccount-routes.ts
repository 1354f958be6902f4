import type { ConnectorHub, Registry } from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'

const newSubaccount = Type.Object(
  {
    id: Type.Optional(Type.String({ description: 'GUID; generated when absent' })),
    subdomain: Type.String(),
    displayName: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

/** Subaccounts, for the operator. */
export function addSubaccountRoutes(
  api: FastifyInstance,
  { registry, hub }: { registry: Registry; hub: ConnectorHub },
): void {
  api.get('/subaccounts', () => registry.listSubaccounts())

  api.post('/subaccounts', { schema: { body: newSubaccount } }, async (request, reply) => {
    const subaccount = await registry.createSubaccount(request.body as Static<typeof newSubaccount> & { id: string })
    return reply.code(201).header('location', `/api/v1/subaccounts/${subaccount.id}`).send(subaccount)
  })

  api.get<{ Params: { id: string } }>('/subaccounts/:id', (request) => registry.subaccount(request.params.id))

  api.delete<{ Params: { id: string } }>('/subaccounts/:id', async (request, reply) => {
    const { id } = await registry.subaccount(request.params.id)
    // First, so that no connector is left with a certificate of something that does not exist.
    await hub.revoke({ subaccountId: id }, 'the subaccount was deleted')
    await registry.deleteSubaccount(id)
    return reply.code(204).send()
  })
}
