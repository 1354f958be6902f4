import { anyCharacter } from '@landbridge/testkit'
import fc from '@landbridge/testkit/properties'
import type { JsonSchema } from './routes.ts'

const texts = [
  ...['', ' ', '\0', '\ud800', '\u202e', 'ä', '../..', '..\\..', '%00', '%2e%2e', '${name}', '{{7*7}}', '\r\nX: y'],
  ...["' OR 1=1 --", '"; DROP TABLE x', '<script>alert(1)</script>', '__proto__', 'constructor', 'toString', 'null'],
  ...['-1', '0', '1e309', 'NaN', 'true', '2026-02-30T25:61:61Z', '9999999999999-01-01', 'http://[::1', '*', '.', '..'],
]
const plausible = [
  'a@b.test',
  'https://x.test/',
  'CN=x',
  'name',
  '2026-01-01T00:00:00Z',
  'MTIz',
  '-----BEGIN CERTIFICATE-----',
]
const long = ['x'.repeat(300), 'ä'.repeat(5_000), 'x'.repeat(70_000)]
const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', '', '\0', 'ä', 'x'.repeat(300)]

/** Texts of every kind; `known` are names and IDs that exist, so that more than the first check is met. */
export function anyText(known: readonly string[] = []): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...texts) },
    { weight: known.length > 0 ? 4 : 0, arbitrary: fc.constantFrom(...known, '') },
    {
      weight: 3,
      arbitrary: fc.oneof(
        fc.constantFrom(...plausible),
        fc.uuid(),
        fc.nat().map((one) => `n${one}`),
      ),
    },
    { weight: 2, arbitrary: fc.string({ unit: anyCharacter(fc), maxLength: 30 }) },
    { weight: 1, arbitrary: fc.constantFrom(...long) },
  )
}

/** Whatever JSON can say, with the members of `schema` as names. */
export function anyValue(schema: JsonSchema | undefined, known: readonly string[]): fc.Arbitrary<unknown> {
  const members = [...names, ...memberNames(schema)]
  const numbers = fc.constantFrom<unknown>(null, true, false, 0, -1, 65_536, 1e308, -0, 2 ** 53, 0.1)
  return fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.oneof(numbers, anyText(known)),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...members), tie('any'), { maxKeys: 8, noNullPrototype: true }),
    ),
  })).any
}

function memberNames(schema: JsonSchema | undefined): string[] {
  if (schema === undefined) return []
  const own = Object.entries(schema.properties ?? {})
  const inner = [
    ...own.map(([, value]) => value),
    ...(schema.anyOf ?? []),
    ...(schema.items === undefined ? [] : [schema.items]),
  ]
  return [...own.map(([name]) => name), ...inner.flatMap((one) => memberNames(one))]
}

/** What a schema allows, made of texts that mean harm: it passes the check of the schema and meets what comes after. */
export function allowedValue(schema: JsonSchema, known: readonly string[]): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined && schema.enum.length > 0) return fc.constantFrom(...schema.enum)
  if (schema.anyOf !== undefined && schema.anyOf.length > 0)
    return fc.oneof(...schema.anyOf.map((one) => allowedValue(one, known)))
  const { minLength = 0, maxLength = 2_000 } = schema
  switch (schema.type) {
    case 'string':
      return anyText(known).map((text) => text.slice(0, maxLength).padEnd(minLength, 'x'))
    case 'boolean':
      return fc.boolean()
    case 'integer':
    case 'number':
      return fc.oneof(
        fc.integer({ min: Math.ceil(schema.minimum ?? -5), max: Math.floor(schema.maximum ?? 2 ** 30) }),
        fc.constantFrom(schema.minimum ?? 0, schema.maximum ?? Number.MAX_SAFE_INTEGER),
      )
    case 'array':
      return fc.array(allowedValue(schema.items ?? {}, known), { maxLength: 4 })
    case 'object':
      return allowedObject(schema, known)
    default:
      return anyValue(schema, known)
  }
}

function allowedObject(schema: JsonSchema, known: readonly string[]): fc.Arbitrary<unknown> {
  const members = Object.entries(schema.properties ?? {})
  const [open] = Object.values(schema.patternProperties ?? {})
  if (members.length === 0) {
    const name = fc.oneof(fc.constantFrom(...names), anyText(known))
    return fc.dictionary(name, allowedValue(open ?? {}, known), { maxKeys: 5, noNullPrototype: true })
  }
  const model = Object.fromEntries(members.map(([name, one]) => [name, allowedValue(one, known)]))
  return fc.record(model, { requiredKeys: [...(schema.required ?? [])], noNullPrototype: true })
}

/** Bodies for an operation: some that its schema allows, some with one wrong member, some of any kind. */
export function anyBody(schema: JsonSchema | undefined, known: readonly string[]): fc.Arbitrary<unknown> {
  const any = anyValue(schema, known)
  if (schema === undefined) return any
  const allowed = allowedValue(schema, known)
  const members = memberNames(schema)
  const spoiled = fc
    .tuple(allowed, fc.constantFrom(...members, 'extra'), any)
    .map(([body, name, value]) => (isObject(body) ? { ...body, [name]: value } : body))
  return fc.oneof({ weight: 4, arbitrary: allowed }, { weight: 3, arbitrary: spoiled }, { weight: 2, arbitrary: any })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
