import type { Registry } from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { Diagnoser } from '../diagnosis/diagnoser.ts'

const text = Type.String({ minLength: 1, maxLength: 2_000 })
const fingerprint = Type.String({
  pattern: '^([0-9A-Fa-f]{2}[: ]?){32}$',
  description: 'SHA-256, as the receiver shows it.',
})
const question = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('destination'),
      subaccount: text,
      name: text,
      user: Type.Optional(text),
      receiverFingerprint: Type.Optional(fingerprint),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('certificate'),
      subaccount: text,
      name: text,
      url: text,
      user: Type.Optional(text),
      receiverFingerprint: Type.Optional(fingerprint),
    },
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
      case 'destination': {
        const { kind: _destination, subaccount: _given, ...asked } = body
        return diagnoser.destination({ ...asked, subaccountId })
      }
      case 'certificate': {
        const { kind: _certificate, subaccount: _given, ...asked } = body
        return diagnoser.certificate({ ...asked, subaccountId })
      }
      case 'refresh':
        return diagnoser.refresh({ subaccountId, name: body.name, user: body.user, password: body.password })
      default:
        return body satisfies never
    }
  })
}
