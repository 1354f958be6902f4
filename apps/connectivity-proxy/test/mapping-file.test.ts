import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import { parseMappingFile } from '../src/mapping-file.ts'

const head = 'apiVersion: connectivityproxy.sap.com/v1\nkind: ServiceMapping\n'
const spec = 'spec: { type: TCP, serviceId: orders, internalAddress: "orders:80" }\n'

test('resources come as documents, as items of a list, and with empty documents between (CP-152)', () => {
  const one = `${head}metadata: { name: one }\n${spec}`
  const list = `kind: List\nitems:\n  - ${one.trimEnd().replaceAll('\n', '\n    ')}\n  - ${one.trimEnd().replace('one', 'two').replaceAll('\n', '\n    ')}\n`
  const { given, problems } = parseMappingFile(`---\n${one}---\n---\n${list}`)
  assert.deepEqual(problems, [])
  assert.deepEqual(
    given.map(({ name }) => name),
    ['one', 'one', 'two'],
  )
  assert.deepEqual(given[0], { name: 'one', type: 'TCP', serviceId: 'orders', internalAddress: 'orders:80' })
  assert.deepEqual(parseMappingFile(''), { given: [], problems: [] })
})

test('each thing that is wrong is said with the place, and the rest counts (CP-152)', () => {
  for (const [text, problem] of [
    ['[', /document 1: expected well-formed YAML/],
    ['text', /expected a resource/],
    [`${head.replace('v1', 'v2')}metadata: { name: x }\n${spec}`, /expected apiVersion/],
    [`${head}${spec}`, /metadata.name: expected the name/],
    [`${head}metadata: { name: x }\n`, /"x": spec: expected the fields/],
    [`${head}metadata: { name: x }\n${spec.replace('TCP', '7')}`, /"x": spec.type: expected text, found 7/],
    [`${head}metadata: { name: x }\n${spec.replace('serviceId: orders, ', '')}`, /spec.serviceId: .*found nothing/],
    [`${head}metadata: { name: x }\n${spec.replace('type:', 'location: a, type:')}`, /spec.location: expected one of/],
    [`${head}metadata: { name: x }\n${spec.replace('type:', 'locationIds: a, type:')}`, /expected a list of texts/],
    [`a: &a [x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b]\n`, /document 1: expected/],
  ] as const) {
    const { given, problems } = parseMappingFile(`${text}\n---\n${head}metadata: { name: good }\n${spec}`)
    assert.match(String(problems[0]), problem, text)
    assert.deepEqual(
      given.map(({ name }) => name),
      ['good'],
      text,
    )
  }
})

test('no text makes the reader throw', () => {
  const line = fc.constantFrom('---', '- a', 'kind: List', 'items: [1, {}]', '&a', '*a', '? :', '"', '[', head, spec)
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(line).map((lines) => lines.join('\n')),
      ),
      (text) => {
        const { given, problems } = parseMappingFile(text)
        assert.ok(Array.isArray(given) && problems.every((problem) => problem.startsWith('document ')))
      },
    ),
  )
})
