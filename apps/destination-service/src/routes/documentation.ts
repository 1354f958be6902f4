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

const flag = (description: string) => Type.Boolean({ default: false, description })
const filter = Type.Optional(Type.String({ description: "For example Name in ('a', 'b')." }))
const listQuery = Type.Object({
  $filter: filter,
  $select: Type.Optional(Type.Literal('Name', { description: 'Names only.' })),
  $page: Type.Optional(Type.Integer({ minimum: 1, description: 'Page of the list, from 1.' })),
  $pageSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 10 })),
  $pageCount: Type.Optional(flag('The number of pages, in the header Page-Count.')),
  $entityCount: Type.Optional(flag('The number of entries, in the header Entity-Count.')),
  $includeMetadata: Type.Optional(
    Type.String({ description: 'modification_time, etag, or both with a semicolon between.' }),
  ),
})
const deleteQuery = Type.Object({ $filter: Type.String({ description: "Name in ('a', 'b')" }) })
const findQuery = Type.Object({
  $skipCredentials: Type.Optional(flag('Leave passwords and secrets out of the configuration.')),
  $skipTokenRetrieval: Type.Optional(flag('Only the configuration, without tokens.')),
})
const condition = {
  'If-Match': Type.Optional(Type.String({ description: 'ETag: 412 if the answer would have another one.' })),
  'If-None-Match': Type.Optional(Type.String({ description: 'ETag: 304 without a body if it is still that one.' })),
}
const findHeaders = Type.Object({
  ...Object.fromEntries(
    Object.entries({
      'X-user-token':
        'JWT of the user, instead of one in Authorization, for types that need a user. Not with X-tenant.',
      'X-tenant':
        'OAuth2ClientCredentials with tokenServiceURLType Common: subdomain of the tenant to get the token for.',
      'X-subject-token': 'OAuth2TokenExchange: the token to exchange (RFC 8693).',
      'X-subject-token-type': 'OAuth2TokenExchange: its kind, such as urn:ietf:params:oauth:token-type:access_token.',
      'X-actor-token': 'OAuth2TokenExchange: token of who acts for the user.',
      'X-actor-token-type': 'OAuth2TokenExchange: its kind.',
      'X-samlAssertion': 'OAuth2SAMLBearerAssertion with SAMLAssertionProvider ClientProvided: the assertion.',
      'X-refresh-token': 'OAuth2RefreshToken: the refresh token.',
      'X-code': 'OAuth2AuthorizationCode: the code (RFC 6749 section 4.1.3).',
      'X-redirect-uri': 'OAuth2AuthorizationCode: the redirect URI that the code was asked with.',
      'X-code-verifier': 'OAuth2AuthorizationCode: the verifier of its code challenge (RFC 7636).',
      'X-client-assertion': 'Client assertion instead of a client secret.',
      'X-client-assertion-type': 'Its kind, such as urn:ietf:params:oauth:client-assertion-type:jwt-bearer.',
      'X-client-assertion-destination-name':
        'Destination that gives the client assertion, instead of clientAssertion.destinationName.',
      'X-fragment-name': 'Fragment whose properties go before those of the destination.',
      'X-chain-name': 'Predefined chain to run; its variables come in headers X-chain-var-<name>.',
    }).map(([name, description]) => [name, Type.Optional(Type.String({ description }))]),
  ),
  'X-fragment-optional': Type.Optional(flag('A fragment that does not exist is no error.')),
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
  querystring: Type.Object({
    ...findQuery.properties,
    $includeMetadata: Type.Optional(
      Type.Literal('owner', { description: 'With the subaccount and the instance that it belongs to.' }),
    ),
  }),
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
