import { type TObject, type TSchema, Type } from '@sinclair/typebox'

// What the service's own OpenAPI says of each operation. Requests are checked by the domain, which names what is wrong.

const open = { additionalProperties: true } as const
const text = Type.String()
const destination = Type.Object({ Name: text, Type: text }, { ...open, description: 'Flat object of properties.' })
const fragment = Type.Object({ FragmentName: text }, { ...open, description: 'Flat object, without Name and Type.' })
const certificate = Type.Object({
  Name: Type.String({ description: 'With its ending: pem, crt, cer, der, p12, pfx or jks.' }),
  Type: Type.Optional(text),
  Content: Type.String({ description: 'Base64 of certificate or key store.' }),
})
const attributes = Type.Object({
  Name: text,
  Type: Type.Optional(text),
  Attributes: Type.Object({
    CN: Type.Optional(text),
    CSR: Type.Optional(Type.String({ description: 'Base64 of a PEM request; its subject is ignored.' })),
    Validity: Type.Optional(
      Type.Object({
        TimeUnit: Type.Union([Type.Literal('DAYS'), Type.Literal('MONTHS'), Type.Literal('YEARS')]),
        Value: Type.Integer({ minimum: 1, maximum: 365 }),
      }),
    ),
    AutomaticRenew: Type.Optional(Type.Boolean({ default: false })),
    Password: Type.Optional(text),
  }),
})
const publicKey = Type.Object({ Alias: Type.Optional(text), Content: text, SubjectDN: text })
const label = Type.Object({ key: text, values: Type.Array(text, { minItems: 1, maxItems: 10 }) })
const labels = Type.Array(label, { maxItems: 10 })
const labelPatch = Type.Object({ action: Type.Union([Type.Literal('ADD'), Type.Literal('DELETE')]), labels })
const error = Type.Object({ ErrorMessage: text })
const update = Type.Object({ Count: Type.Integer() })
const bulkResult = Type.Object({
  name: text,
  status: Type.Integer(),
  etag: Type.Optional(text),
  cause: Type.Optional(text),
})
const bulk = Type.Array(bulkResult)
const bulkDelete = Type.Object({
  Count: Type.Integer(),
  Summary: Type.Array(
    Type.Object({
      name: text,
      status: Type.Union([Type.Literal('DELETED'), Type.Literal('NOT_FOUND')]),
      reason: Type.Optional(text),
    }),
  ),
})
const authToken = Type.Object(
  { type: text, value: text, http_header: Type.Object({ key: text, value: text }), expires_in: Type.Optional(text) },
  open,
)
const consumed = Type.Object({
  destinationConfiguration: destination,
  authTokens: Type.Optional(Type.Array(authToken)),
  certificates: Type.Optional(Type.Array(certificate)),
})
const owner = Type.Object({ SubaccountId: text, InstanceId: Type.Union([text, Type.Null()]) })
const lookUp = Type.Object({ owner, ...consumed.properties })

const filter = Type.Optional(Type.String({ description: "For example Name in ('a', 'b')." }))
const listQuery = Type.Object({
  $filter: filter,
  $select: Type.Optional(Type.Literal('Name')),
  $page: Type.Optional(Type.Integer({ minimum: 1 })),
  $pageSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 10 })),
  $pageCount: Type.Optional(Type.Boolean({ default: false })),
  $entityCount: Type.Optional(Type.Boolean({ default: false })),
  $includeMetadata: Type.Optional(text),
})
const deleteQuery = Type.Object({ $filter: Type.String({ description: "Name in ('a', 'b')" }) })
const findQuery = Type.Object({
  $skipCredentials: Type.Optional(Type.Boolean({ default: false })),
  $skipTokenRetrieval: Type.Optional(Type.Boolean({ default: false })),
})
const condition = { 'If-Match': Type.Optional(text), 'If-None-Match': Type.Optional(text) }
const findHeaders = Type.Object({
  ...Object.fromEntries(
    [
      'X-user-token',
      'X-tenant',
      'X-subject-token',
      'X-subject-token-type',
      'X-actor-token',
      'X-actor-token-type',
      'X-samlAssertion',
      'X-refresh-token',
      'X-code',
      'X-redirect-uri',
      'X-code-verifier',
      'X-client-assertion',
      'X-client-assertion-type',
      'X-client-assertion-destination-name',
      'X-fragment-name',
      'X-chain-name',
    ].map((name) => [name, Type.Optional(text)]),
  ),
  'X-fragment-optional': Type.Optional(Type.Boolean({ default: false })),
  ...condition,
})
const conditional = { headers: Type.Object(condition) }

interface Operation {
  readonly summary: string
  readonly querystring?: TObject
  readonly headers?: TObject
  readonly body?: TSchema
  /** Successful answers; every operation has the error body for the others. */
  readonly answers: Readonly<Record<number, TSchema>>
}

function documented(tag: string, { answers, ...rest }: Operation) {
  const errors = { '4xx': error, '5xx': error }
  return { schema: { tags: [tag], security: [{ bearer: [] }], ...rest, response: { ...answers, ...errors } } }
}

const empty = Type.Null({ description: 'No body.' })
const unchanged = { 304: empty, 412: empty }
const one = { 200: update }

export const destinationFound = documented('Find', {
  summary: 'Find a destination on instance level, then on subaccount level, with its tokens',
  querystring: findQuery,
  headers: findHeaders,
  answers: { 200: lookUp, ...unchanged },
})
export const destinationConsumed = documented('Find', {
  summary: 'Consume a destination of exactly one level: name@level, without a level on instance level',
  querystring: Type.Object({ ...findQuery.properties, $includeMetadata: Type.Optional(Type.Literal('owner')) }),
  headers: findHeaders,
  answers: { 200: consumed, ...unchanged },
})

const destinations = 'Destinations'
export const destinationsListed = documented(destinations, {
  summary: 'List destinations',
  querystring: listQuery,
  answers: { 200: Type.Array(destination) },
})
export const destinationShown = documented(destinations, {
  summary: 'Read a destination',
  ...conditional,
  answers: { 200: destination, ...unchanged },
})
const destinationBody = Type.Union([destination, Type.Array(destination)])
export const destinationsCreated = documented(destinations, {
  summary: 'Create one destination or several',
  body: destinationBody,
  answers: { 201: bulk, 207: bulk },
})
export const destinationsReplaced = documented(destinations, {
  summary: 'Replace one destination or several',
  body: destinationBody,
  answers: { 200: Type.Union([update, bulk]), 207: bulk },
})
export const destinationDeleted = documented(destinations, { summary: 'Delete a destination', answers: one })
export const destinationsDeleted = documented(destinations, {
  summary: 'Delete several destinations',
  querystring: deleteQuery,
  answers: { 200: bulkDelete },
})

const fragments = 'Fragments'
export const fragmentsListed = documented(fragments, {
  summary: 'List fragments',
  querystring: listQuery,
  answers: { 200: Type.Array(fragment) },
})
export const fragmentShown = documented(fragments, { summary: 'Read a fragment', answers: { 200: fragment } })
export const fragmentCreated = documented(fragments, {
  summary: 'Create a fragment',
  body: fragment,
  answers: { 201: empty },
})
export const fragmentReplaced = documented(fragments, { summary: 'Replace a fragment', body: fragment, answers: one })
export const fragmentDeleted = documented(fragments, { summary: 'Delete a fragment', answers: one })

const certificates = 'Certificates'
export const certificatesListed = documented(certificates, {
  summary: 'List certificates and key stores',
  querystring: listQuery,
  answers: { 200: Type.Array(certificate) },
})
export const certificateShown = documented(certificates, {
  summary: 'Read a certificate or key store, private keys included',
  ...conditional,
  answers: { 200: certificate, ...unchanged },
})
export const publicKeysShown = documented(certificates, {
  summary: 'Read the public part of a certificate or key store',
  ...conditional,
  answers: { 200: Type.Array(publicKey), ...unchanged },
})
const certificateBody = Type.Union([certificate, Type.Array(certificate), attributes])
export const certificatesCreated = documented(certificates, {
  summary: 'Upload one certificate or several, or generate one',
  body: certificateBody,
  answers: { 201: bulk, 207: bulk },
})
export const certificatesReplaced = documented(certificates, {
  summary: 'Replace one certificate or several, or generate one anew',
  body: certificateBody,
  answers: { 200: Type.Union([update, bulk]), 207: bulk },
})
export const certificateDeleted = documented(certificates, { summary: 'Delete a certificate', answers: one })
export const certificatesDeleted = documented(certificates, {
  summary: 'Delete several certificates',
  querystring: deleteQuery,
  answers: { 200: bulkDelete },
})

export const labelsShown = documented('Labels', { summary: 'Read the labels', answers: { 200: labels } })
export const labelsChanged = documented('Labels', {
  summary: 'Replace the labels (PUT), or add and delete values (PATCH)',
  body: Type.Union([labels, labelPatch]),
  answers: { 200: labels },
})

const trust = 'Trust of the subaccount'
const trustCertificate = Type.Object({ certificate: Type.String({ description: 'PEM.' }) })
export const idpMetadataShown = documented(trust, {
  summary: 'Read the SAML metadata, with the active and the passive certificate',
  answers: { 200: Type.Object({ idpMetadata: Type.String({ description: 'Base64 of XML.' }) }) },
})
export const trustShown = documented(trust, { summary: 'Read a certificate', answers: { 200: trustCertificate } })
export const trustRenewed = documented(trust, {
  summary: 'Generate a key pair, in place of the one before; the request has no body',
  answers: { 200: trustCertificate },
})
export const trustRemoved = documented(trust, { summary: 'Delete the passive key pair', answers: one })
export const trustRotated = documented(trust, {
  summary: 'Swap the active and the passive key pair; the request has no body',
  answers: { 200: Type.Object({ activeCertificate: text, passiveCertificate: text }) },
})

export const cachesCleared = documented('Maintenance', {
  summary: 'Forget what is known of Identity Service instances',
  answers: { 200: empty },
})
