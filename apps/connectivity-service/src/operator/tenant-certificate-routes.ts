import type { TenantCertificate, TenantCertificates } from '@landbridge/certificates'
import { Secret } from '@landbridge/kernel'
import type { Registry } from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'

const created = Type.Object(
  {
    name: Type.String({ maxLength: 64 }),
    keyAlgorithm: Type.Optional(
      Type.Union(['EC-P256', 'RSA-2048', 'RSA-3072', 'RSA-4096'].map((value) => Type.Literal(value))),
    ),
    lifetimeDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_095 })),
  },
  { additionalProperties: false },
)

const uploaded = Type.Object(
  {
    name: Type.String({ maxLength: 64 }),
    pkcs12: Type.String({ maxLength: 100_000, description: 'Base64' }),
    password: Type.String({ maxLength: 1_000 }),
  },
  { additionalProperties: false },
)

const exported = Type.Object(
  { password: Type.String({ minLength: 1, maxLength: 1_000 }) },
  { additionalProperties: false },
)

type OfSubaccount = { Params: { id: string } }
type OfCertificate = { Params: { id: string; certificateId: string } }

/** The client certificates of a subaccount, for the operator. */
export function addTenantCertificateRoutes(
  api: FastifyInstance,
  { registry, certificates }: { readonly registry: Registry; readonly certificates: TenantCertificates },
): void {
  const base = '/subaccounts/:id/clientCertificates'
  const one = `${base}/:certificateId`
  const subaccount = async (request: { params: { id: string } }) => (await registry.subaccount(request.params.id)).id
  const location = ({ subaccountId, id }: TenantCertificate) =>
    `/api/v1/subaccounts/${subaccountId}/clientCertificates/${id}`

  api.get<OfSubaccount>(base, async (request) => (await certificates.list(await subaccount(request))).map(show))

  api.post<OfSubaccount>(base, { schema: { body: created } }, async (request, reply) => {
    const subaccountId = await subaccount(request)
    const made = await certificates.create({ ...(request.body as Static<typeof created>), subaccountId } as Parameters<
      TenantCertificates['create']
    >[0])
    return reply.code(201).header('location', location(made)).send(show(made))
  })

  api.post<OfSubaccount>(`${base}/upload`, { schema: { body: uploaded } }, async (request, reply) => {
    const { name, pkcs12, password } = request.body as Static<typeof uploaded>
    const subaccountId = await subaccount(request)
    const bytes = Buffer.from(pkcs12, 'base64')
    const made = await certificates.upload({ subaccountId, name, pkcs12: bytes, password: new Secret(password) })
    return reply.code(201).header('location', location(made)).send(show(made))
  })

  api.get<OfCertificate>(one, async (request) =>
    show(await certificates.find(await subaccount(request), request.params.certificateId)),
  )

  api.get<OfCertificate>(`${one}/certificate`, async (request, reply) => {
    const { certificate } = await certificates.find(await subaccount(request), request.params.certificateId)
    return reply.header('content-type', 'application/x-pem-file').send(certificate)
  })

  api.post<OfCertificate>(`${one}/export`, { schema: { body: exported } }, async (request, reply) => {
    const { password } = request.body as Static<typeof exported>
    const id = await subaccount(request)
    const file = await certificates.exportPkcs12(id, request.params.certificateId, new Secret(password))
    return reply.header('cache-control', 'no-store').send({ pkcs12: file.toString('base64') })
  })

  api.post<OfCertificate>(`${one}/retire`, async (request) =>
    show(await certificates.retire(await subaccount(request), request.params.certificateId)),
  )
}

function show(certificate: TenantCertificate): object {
  const { notBeforeMs, notAfterMs, createdAtMs, retiredAtMs, renewer, predecessorId, successorId, ...shown } =
    certificate
  return {
    ...shown,
    renewedBy: renewer,
    notBefore: new Date(notBeforeMs).toISOString(),
    notAfter: new Date(notAfterMs).toISOString(),
    createdAt: new Date(createdAtMs).toISOString(),
    ...(retiredAtMs === undefined ? {} : { retiredAt: new Date(retiredAtMs).toISOString() }),
    predecessor: predecessorId ?? null,
    successor: successorId ?? null,
  }
}
