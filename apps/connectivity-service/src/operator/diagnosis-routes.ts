import type { Registry } from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { Diagnoser } from '../diagnosis/diagnoser.ts'

const text = Type.String({ minLength: 1, maxLength: 2_000 })
const question = Type.Union([
  Type.Object({ kind: Type.Literal('destination'), subaccount: text, name: text }, { additionalProperties: false }),
  Type.Object(
    { kind: Type.Literal('certificate'), subaccount: text, name: text, url: text, user: Type.Optional(text) },
    { additionalProperties: false },
  ),
  Type.Object(
    { kind: Type.Literal('refresh'), subaccount: text, name: text, user: text, password: text },
    { additionalProperties: false },
  ),
])

/** Why a certificate is refused, for the operator. */
export function addDiagnosisRoutes(
  api: FastifyInstance,
  { registry, diagnoser }: { readonly registry: Registry; readonly diagnoser: Diagnoser },
): void {
  api.post('/diagnoses', { schema: { body: question } }, async (request, reply) => {
    const body = request.body as Static<typeof question>
    const { id: subaccountId } = await registry.subaccount(body.subaccount)
    reply.header('cache-control', 'no-store')
    switch (body.kind) {
      case 'destination':
        return diagnoser.destination(subaccountId, body.name)
      case 'certificate': {
        const { name, url, user } = body
        return diagnoser.certificate({ subaccountId, name, url, ...(user === undefined ? {} : { user }) })
      }
      case 'refresh':
        return diagnoser.refresh({ subaccountId, name: body.name, user: body.user, password: body.password })
      default:
        return body satisfies never
    }
  })
}
