import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import { parse } from 'yaml'

// Checks answers against the published contract: status, headers and body.

type Json = Readonly<Record<string, unknown>>
interface ContractParameter {
  readonly name: string
  readonly in: string
}
interface ContractAnswer {
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, { readonly schema: Json }>>
}
interface Operation {
  readonly method: string
  /** As in the contract, for example `/v1/subaccountDestinations/{destination name}`. */
  readonly path: string
  readonly parameters: readonly ContractParameter[]
  readonly answers: Readonly<Record<string, ContractAnswer>>
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Parsed when it is JSON, else text. */
  readonly body: unknown
}

const file = new URL('../../contract/destination-service.openapi.yaml', import.meta.url)
const contract = corrected(parse(readFileSync(file, 'utf8')))

/** Where the document contradicts itself or its own descriptions and examples. */
function corrected(document: {
  components: { schemas: Record<string, { type: unknown; properties: Record<string, Record<string, unknown>> }> }
}) {
  const { schemas } = document.components
  // It has properties, and its example is an object.
  schemas.BulkDelete!.type = 'object'
  // "could have null value", "Could be null if not present".
  schemas.Owner!.properties.InstanceId!.type = ['string', 'null']
  schemas.Certificate!.properties.Type!.type = ['string', 'null']
  // The guide has a fifth type (L35184-35194).
  schemas.Destination!.properties.Type!.enum = ['HTTP', 'RFC', 'MAIL', 'LDAP', 'TCP']
  return document
}

const all = contract as unknown as {
  paths: Record<
    string,
    Record<string, { parameters?: (ContractParameter | { $ref: string })[]; responses: Operation['answers'] }>
  >
  components: { parameters: Record<string, ContractParameter>; schemas: Json }
}

/** Every operation of the contract. */
export const operations: readonly Operation[] = Object.entries(all.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { parameters = [], responses }]) => ({
    method: method.toUpperCase(),
    path,
    parameters: parameters.map((parameter) =>
      '$ref' in parameter ? all.components.parameters[parameter.$ref.split('/').at(-1)!]! : parameter,
    ),
    answers: responses,
  })),
)

// Fixed parts first: `/certificate/passive` is no name.
const routes = operations
  .map((operation) => ({ operation, pattern: patternOf(operation.path) }))
  .sort((a, b) => parameters(a.operation) - parameters(b.operation))

function parameters({ path }: Operation): number {
  return path.split('{').length
}

function patternOf(path: string): RegExp {
  const pattern = path.replace(/[.$]/g, String.raw`\$&`).replace(/\{[^}]+\}/g, '[^/@]+')
  return new RegExp(`^${pattern}$`)
}

// `additionalProperties` is nowhere false in the contract; unknown formats and keywords of OpenAPI are no concern.
const ajv = new Ajv({ strict: false, allErrors: true })
ajv.addSchema({ $id: 'contract', components: { schemas: all.components.schemas } })
const compiled = new Map<string, ValidateFunction>()

/** Bodies that the contract does not show: client libraries rely on them (labels), or every operation has them (errors). */
const errorBody: Json = {
  type: 'object',
  properties: { ErrorMessage: { type: 'string', minLength: 1 } },
  required: ['ErrorMessage'],
  additionalProperties: false,
}
const labels: Json = {
  type: 'array',
  maxItems: 10,
  items: {
    type: 'object',
    properties: { key: { type: 'string' }, values: { type: 'array', items: { type: 'string' }, minItems: 1 } },
    required: ['key', 'values'],
    additionalProperties: false,
  },
}
const labelsPath = /^\/v1\/(?:subaccount|instance)(?:Destinations|DestinationFragments|Certificates)\/[^/]+\/labels$/

/**
 * Refusals that any operation may give though the contract does not list them: they concern the request as such. Every
 * error has a JSON body, also where the contract shows plain text: client libraries read `ErrorMessage` first.
 */
const always: ReadonlySet<number> = new Set([400, 401, 403, 404, 413, 414, 415, 429, 500, 503])

/**
 * What an answer has against the contract; empty when nothing.
 * @param path below `/destination-configuration`, with or without a query
 */
export function contractProblems(method: string, path: string, answer: Answer): string[] {
  // As it was sent: an encoded slash is part of a name.
  const plain = path.replace(/\?.*$/, '')
  if (labelsPath.test(plain)) return answer.status === 200 ? problems(labels, answer.body) : errorProblems(answer)
  const operation = routes.find((route) => route.operation.method === method && route.pattern.test(plain))?.operation
  if (operation === undefined)
    return answer.status >= 400 ? errorProblems(answer) : ['the contract has no such operation']
  const listed = operation.answers[String(answer.status)]
  if (answer.status >= 400 && answer.status !== 412)
    return listed === undefined && !always.has(answer.status)
      ? [`the contract has no answer ${answer.status}`]
      : errorProblems(answer)
  if (listed === undefined) return [`the contract has no answer ${answer.status}`]
  return [...headerProblems(listed, answer), ...bodyProblems(listed, answer)]
}

function headerProblems({ headers = {} }: ContractAnswer, answer: Answer): string[] {
  const missing = 'ETag' in headers && answer.headers.get('etag') === null ? ['header ETag is missing'] : []
  const counts = ['Entity-Count', 'Page-Count'].filter((name) => /\D/.test(answer.headers.get(name) ?? '0'))
  const link = answer.headers.get('link') ?? ''
  const shape = /^(<\/\w+\?\$page=\d+&\$pageSize=\d+>; rel='(?:previous|next)'(?:, |$))*$/
  return [
    ...missing,
    ...counts.map((name) => `header ${name} is no number`),
    ...(shape.test(link) ? [] : [`header Link has another form: ${link}`]),
  ]
}

function bodyProblems({ content }: ContractAnswer, answer: Answer): string[] {
  // A single creation is answered without a body, as the examples show (`value: ''`).
  if (content === undefined || answer.body === '')
    return answer.body === '' && (content === undefined || answer.status === 201) ? [] : ['the body is not as expected']
  const type = answer.headers.get('content-type') ?? ''
  if (!type.startsWith('application/json')) return [`the content type is ${type}`]
  const [schema] = Object.values(content).map((media) => media.schema)
  return problems(schema ?? {}, answer.body)
}

function errorProblems(answer: Answer): string[] {
  const type = answer.headers.get('content-type') ?? ''
  return type.startsWith('application/json') ? problems(errorBody, answer.body) : [`an error of content type ${type}`]
}

function problems(schema: Json, body: unknown): string[] {
  // A list of several kinds is `oneOf` in the contract, though the kinds overlap: every destination has a Name only, too.
  const text = JSON.stringify(schema).replaceAll('"#/', '"contract#/').replaceAll('"oneOf"', '"anyOf"')
  const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text))
  compiled.set(text, validate)
  if (validate(body)) return []
  return (validate.errors ?? []).map((error) => `${error.instancePath || 'body'}: ${error.message}`)
}
