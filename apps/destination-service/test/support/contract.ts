import { type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

// The schemas of the published REST contract of the destination service, for the operations that are implemented.
// Two liberties: `owner.InstanceId` may be null, as its description says, and the type TCP exists.
const destination = Type.Object({
  Name: Type.String(),
  Type: Type.Union(['HTTP', 'RFC', 'MAIL', 'LDAP', 'TCP'].map((type) => Type.Literal(type))),
})
const nullableText = Type.Union([Type.String(), Type.Null()])
const certificates = Type.Array(Type.Object({ Name: Type.String(), Content: Type.String() }))
const authToken = Type.Object({
  type: Type.String(),
  value: Type.String(),
  http_header: Type.Object({ key: Type.String(), value: Type.String() }),
  refresh_token: Type.Optional(Type.String()),
  scope: Type.Optional(Type.String()),
  expires_in: Type.Optional(Type.String()),
  error: Type.Optional(Type.String({ minLength: 1 })),
})
const lookUpResult = Type.Object(
  {
    owner: Type.Object({ SubaccountId: nullableText, InstanceId: nullableText }),
    destinationConfiguration: destination,
    certificates: Type.Optional(certificates),
    authTokens: Type.Optional(Type.Array(authToken, { minItems: 1 })),
  },
  { additionalProperties: false },
)
const update = Type.Object({ Count: Type.Integer() })
const bulkResponse = Type.Array(
  Type.Object({
    name: Type.String(),
    status: Type.Integer(),
    etag: Type.Optional(Type.String()),
    cause: Type.Optional(Type.String()),
  }),
)
const idpMetadata = Type.Object({ idpMetadata: Type.String() }, { additionalProperties: false })
const trust = Type.Object({ certificate: Type.String() }, { additionalProperties: false })
const rotatedTrust = Type.Object(
  { activeCertificate: Type.String(), passiveCertificate: Type.String() },
  { additionalProperties: false },
)
const errorMessage = Type.Object({ ErrorMessage: Type.String({ minLength: 1 }) }, { additionalProperties: false })
const empty = Type.Literal('')

const operations: readonly (readonly [method: string, path: RegExp, bodies: Readonly<Record<number, TSchema>>])[] = [
  ['GET', /^\/destinations\/[^/]+$/, { 200: lookUpResult, 304: empty, 412: empty }],
  ['GET', /^\/(?:subaccount|instance)Destinations$/, { 200: Type.Array(destination) }],
  ['GET', /^\/(?:subaccount|instance)Destinations\/[^/]+$/, { 200: destination, 304: empty, 412: empty }],
  ['POST', /^\/(?:subaccount|instance)Destinations$/, { 201: Type.Union([empty, bulkResponse]), 207: bulkResponse }],
  ['PUT', /^\/(?:subaccount|instance)Destinations$/, { 200: Type.Union([update, bulkResponse]), 207: bulkResponse }],
  ['DELETE', /^\/(?:subaccount|instance)Destinations\/[^/]+$/, { 200: update }],
  ['GET', /^\/(?:subaccount|instance)Certificates$/, { 200: certificates }],
  ['GET', /^\/saml2Metadata$/, { 200: idpMetadata }],
  ['GET', /^\/saml2Metadata\/certificate(?:\/passive)?$/, { 200: trust }],
  ['POST', /^\/saml2Metadata\/certificate(?:\/passive)?$/, { 200: trust }],
  ['DELETE', /^\/saml2Metadata\/certificate\/passive$/, { 200: update }],
  ['POST', /^\/saml2Metadata\/rotateCertificate$/, { 200: rotatedTrust }],
]

/** What an answer of the service has against the contract; empty when nothing. */
export function contractProblems(method: string, path: string, status: number, body: unknown): string[] {
  if (status >= 400 && status !== 412) return problems(errorMessage, body)
  const plain = path.replace(/\?.*$/, '')
  const operation = operations.find(([verb, pattern]) => verb === method && pattern.test(plain))
  const schema = operation?.[2][status]
  return schema === undefined ? [`the contract has no answer ${status}`] : problems(schema, body)
}

function problems(schema: TSchema, body: unknown): string[] {
  return [...Value.Errors(schema, body)].map((error) => `${error.path}: ${error.message}`)
}
