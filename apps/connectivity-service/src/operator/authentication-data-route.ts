import type { Pairing, Registry } from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'

const wish = Type.Object(
  {
    userName: Type.String({ minLength: 1, maxLength: 255, description: 'User for whose password the data stand.' }),
    validityMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 60, description: 'Default 5.' })),
  },
  { additionalProperties: false },
)

/**
 * Authentication data for connecting a connector or refreshing its certificate, in the form that connectors take: base64
 * of a JSON object. They work once.
 */
export function addAuthenticationDataRoute(
  api: FastifyInstance,
  { registry, pairing, regionHost }: { registry: Registry; pairing: Pairing; regionHost: string },
): void {
  api.post<{ Params: { id: string } }>(
    '/subaccounts/:id/authenticationData',
    { schema: { body: wish } },
    async (request, reply) => {
      const { id, displayName } = await registry.subaccount(request.params.id)
      const { userName, validityMinutes = 5 } = request.body as Static<typeof wish>
      const { user, text, expiresAtMs } = await pairing.createCode(id, userName, validityMinutes * 60_000)
      const data = { regionHost, subaccount: id, cloudUser: user, cloudPassword: text, displayName }
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({
          // The same for a form that asks for user and password: the user is passcodeUser.
          passcode: text,
          authenticationData: Buffer.from(JSON.stringify(data)).toString('base64'),
          expiresAt: new Date(expiresAtMs).toISOString(),
        })
    },
  )
}
