import type {
  CertificateMapping,
  CommunicationUser,
  KeyAlgorithm,
  MappingAdministration,
  TrustedIssuer,
  UserInstances,
} from '@landbridge/certificates'
import { type Clock, PlatformError, Secret } from '@landbridge/kernel'
import type { Registry } from '@landbridge/registry'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'

const instances = Type.Object(
  {
    destination: Type.Optional(Type.String({ maxLength: 100 })),
    connectivity: Type.Optional(Type.String({ maxLength: 100 })),
  },
  { additionalProperties: false },
)
const description = Type.Optional(Type.String({ maxLength: 500 }))
const newUser = Type.Object(
  { name: Type.String(), description, instances: Type.Optional(instances) },
  { additionalProperties: false },
)
const userChange = Type.Object({ description, instances: Type.Optional(instances) }, { additionalProperties: false })
const keyAlgorithms: readonly KeyAlgorithm[] = ['EC-P256', 'RSA-2048', 'RSA-3072', 'RSA-4096']
const newKeyPair = Type.Object(
  {
    password: Type.String({ minLength: 8, maxLength: 128, description: 'Protects the file.' }),
    keyAlgorithm: Type.Optional(Type.Union(keyAlgorithms.map((name) => Type.Literal(name)))),
    validityDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_095 })),
  },
  { additionalProperties: false },
)
const certificateText = Type.String({ minLength: 1, maxLength: 50_000, description: 'PEM, or DER in base64.' })
const newMapping = Type.Object(
  {
    user: Type.String({ maxLength: 100 }),
    certificate: Type.Optional(certificateText),
    subjectPattern: Type.Optional(Type.String({ maxLength: 2_000 })),
    issuerFingerprint: Type.Optional(Type.String({ maxLength: 100 })),
  },
  { additionalProperties: false },
)
const mappingSearch = Type.Object(
  {
    fingerprint: Type.Optional(Type.String({ maxLength: 100 })),
    subject: Type.Optional(Type.String({ maxLength: 500 })),
    user: Type.Optional(Type.String({ maxLength: 100 })),
  },
  { additionalProperties: false },
)
const newIssuer = Type.Object({ certificate: certificateText }, { additionalProperties: false })

type Id = { Params: { id: string } }
type Named = { Params: { id: string; user: string } }
type Mapped = { Params: { id: string; mappingId: string } }

export interface MappingRoutesOptions {
  readonly registry: Registry
  readonly mappings: MappingAdministration
  readonly clock: Clock
}

/** Communication users of a subaccount, and key pairs made for them. */
export function addCommunicationUserRoutes(api: FastifyInstance, { registry, mappings }: MappingRoutesOptions): void {
  const collection = '/subaccounts/:id/communicationUsers'
  api.get<Id>(collection, async (request) => {
    const { id } = await registry.subaccount(request.params.id)
    return (await mappings.listUsers(id)).map(showUser)
  })
  api.post<Id>(collection, { schema: { body: newUser } }, async (request, reply) => {
    const { id } = await registry.subaccount(request.params.id)
    const user = await mappings.createUser(id, request.body as Static<typeof newUser> & { instances?: UserInstances })
    return reply.code(201).header('location', pathOf(user)).send(showUser(user))
  })
  api.get<Named>(`${collection}/:user`, async (request) =>
    showUser(await mappings.user((await registry.subaccount(request.params.id)).id, request.params.user)),
  )
  api.patch<Named>(`${collection}/:user`, { schema: { body: userChange } }, async (request) => {
    const { id } = await registry.subaccount(request.params.id)
    const change = request.body as Static<typeof userChange> & { instances?: UserInstances }
    return showUser(await mappings.changeUser(id, request.params.user, change))
  })
  api.delete<Named>(`${collection}/:user`, async (request, reply) => {
    await mappings.deleteUser((await registry.subaccount(request.params.id)).id, request.params.user)
    return reply.code(204).send()
  })
  api.post<Named>(`${collection}/:user/keyPairs`, { schema: { body: newKeyPair } }, async (request, reply) => {
    const { id } = await registry.subaccount(request.params.id)
    const { password, keyAlgorithm = 'EC-P256', validityDays = 365 } = request.body as Static<typeof newKeyPair>
    const { mapping, file } = await mappings.createKeyPair(id, request.params.user, {
      algorithm: keyAlgorithm,
      validityDays,
      password: new Secret(password),
    })
    return reply
      .code(201)
      .header('location', `/api/v1/subaccounts/${id}/certificateMappings/${mapping.id}`)
      .header('cache-control', 'no-store')
      .header('content-disposition', `attachment; filename="${mapping.userName}.p12"`)
      .header('x-certificate-fingerprint', mapping.fingerprint)
      .type('application/x-pkcs12')
      .send(file)
  })
}

/** Which client certificates stand for which communication users of a subaccount. */
export function addMappingRoutes(api: FastifyInstance, { registry, mappings, clock }: MappingRoutesOptions): void {
  const collection = '/subaccounts/:id/certificateMappings'
  const shown = (mapping: CertificateMapping): object => showMapping(mapping, clock.now())
  api.get<Id>(collection, { schema: { querystring: mappingSearch } }, async (request) => {
    const { id } = await registry.subaccount(request.params.id)
    return (await mappings.search(id, request.query as Static<typeof mappingSearch>)).map(shown)
  })
  api.post<Id>(collection, { schema: { body: newMapping } }, async (request, reply) => {
    const { id } = await registry.subaccount(request.params.id)
    const body = request.body as Static<typeof newMapping>
    const { mapping, isNew } = await assign(mappings, id, body)
    return reply
      .code(isNew ? 201 : 200)
      .header('location', `/api/v1/subaccounts/${id}/certificateMappings/${mapping.id}`)
      .send(shown(mapping))
  })
  api.get<Mapped>(`${collection}/:mappingId`, async (request) =>
    shown(await mappings.mapping((await registry.subaccount(request.params.id)).id, request.params.mappingId)),
  )
  api.delete<Mapped>(`${collection}/:mappingId`, async (request, reply) => {
    await mappings.remove((await registry.subaccount(request.params.id)).id, request.params.mappingId)
    return reply.code(204).send()
  })
}

/** Authorities whose certificates may be assigned by pattern, for the whole platform. */
export function addTrustedIssuerRoutes(api: FastifyInstance, { mappings, clock }: MappingRoutesOptions): void {
  const shown = (issuer: TrustedIssuer): object => showIssuer(issuer, clock.now())
  api.get('/trustedIssuers', async () => (await mappings.listIssuers()).map(shown))
  api.post('/trustedIssuers', { schema: { body: newIssuer } }, async (request, reply) => {
    const issuer = await mappings.trustIssuer((request.body as Static<typeof newIssuer>).certificate)
    return reply.code(201).header('location', `/api/v1/trustedIssuers/${issuer.fingerprint}`).send(shown(issuer))
  })
  api.delete<Id>('/trustedIssuers/:id', async (request, reply) => {
    await mappings.distrustIssuer(request.params.id)
    return reply.code(204).send()
  })
}

/** @throws PlatformError REQUEST_INVALID unless the body holds a certificate or a pattern with its issuer, not both. */
function assign(mappings: MappingAdministration, subaccountId: string, body: Static<typeof newMapping>) {
  const { user, certificate, subjectPattern, issuerFingerprint } = body
  if (certificate !== undefined && subjectPattern === undefined && issuerFingerprint === undefined)
    return mappings.assign(subaccountId, user, certificate)
  if (certificate === undefined && subjectPattern !== undefined && issuerFingerprint !== undefined)
    return mappings.assignPattern(subaccountId, user, { subjectPattern, issuerFingerprint })
  throw new PlatformError('REQUEST_INVALID', {
    field: 'body',
    reason: 'must hold either "certificate", or "subjectPattern" and "issuerFingerprint"',
  })
}

function pathOf({ subaccountId, name }: CommunicationUser): string {
  return `/api/v1/subaccounts/${subaccountId}/communicationUsers/${encodeURIComponent(name)}`
}

function showUser({ createdAtMs, ...user }: CommunicationUser): object {
  return { ...user, createdAt: isoTime(createdAtMs) }
}

function showMapping(mapping: CertificateMapping, nowMs: number): object {
  const { createdAtMs, userId: _internal, userName: user, ...rest } = mapping
  const shown = { ...rest, user, createdAt: isoTime(createdAtMs) }
  if (mapping.kind === 'pattern') return shown
  const { notBeforeMs: _from, notAfterMs: _until, ...others } = shown as typeof shown & Validity
  return { ...others, ...showValidity(mapping, nowMs) }
}

function showIssuer({ createdAtMs, notBeforeMs, notAfterMs, ...issuer }: TrustedIssuer, nowMs: number): object {
  return { ...issuer, ...showValidity({ notBeforeMs, notAfterMs }, nowMs), createdAt: isoTime(createdAtMs) }
}

interface Validity {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

function showValidity({ notBeforeMs, notAfterMs }: Validity, nowMs: number) {
  const validity = nowMs > notAfterMs ? 'expired' : nowMs < notBeforeMs ? 'not yet valid' : 'valid'
  return { notBefore: isoTime(notBeforeMs), notAfter: isoTime(notAfterMs), validity }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
