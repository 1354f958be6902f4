import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { catalogue, type ErrorCode, errorEntry } from '@landbridge/kernel'
import { referencePages } from '../src/reference/pages.ts'

const root = join(import.meta.dirname, '../../..')
const folder = join(root, 'docs/reference')

test('the reference pages are what the program, the schemas and the error catalogue say (npm run docs)', () => {
  const pages = referencePages()
  for (const [name, text] of Object.entries(pages))
    assert.equal(readFileSync(join(folder, name), 'utf8'), text, `docs/reference/${name} is stale: run "npm run docs"`)
})

test('the error reference lists exactly the codes of the catalogue', () => {
  const page = readFileSync(join(folder, 'errors.md'), 'utf8')
  const listed = [...page.matchAll(/^## ([A-Z0-9_]+)$/gm)].map((match) => match[1] ?? '')
  assert.deepEqual(listed, Object.keys(catalogue).sort())
})

test('every error tells a named person what to do', () => {
  for (const code of Object.keys(catalogue) as ErrorCode[]) {
    const { title, remedy } = errorEntry(code)
    assert.match(code, /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/)
    assert.doesNotMatch(title, /\.$/, code)
    assert.match(remedy, /^[A-Z][\w -]+: .+\.$/, code)
  }
})

test('links between the documents lead somewhere', () => {
  const documents = globSync(['*.md', 'docs/**/*.md', 'packages/*/README.md', 'apps/*/README.md'], { cwd: root })
  const broken = documents.flatMap((document) => {
    const text = readFileSync(join(root, document), 'utf8')
    return [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => !existsSync(join(root, dirname(document), link)))
      .map((link) => `${document}: ${link}`)
  })
  assert.deepEqual(broken, [])
})

test('the security overview leads to principal propagation and has a row for each guideline of the guide (RFC-164)', () => {
  const place = join(root, 'docs/how-to')
  const page = readFileSync(join(place, 'secure-the-cloud-connector.md'), 'utf8')
  const rows = new Map(
    page
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .map((line) => [line.split('|')[1]?.trim() ?? '', line]),
  )
  // Guide L30770-30990: topic, and what its row has to speak of.
  for (const [topic, needed] of [
    ['Network zone', /DMZ.*system certificate/],
    ['Operating system', /encrypted disk.*audit/],
    ['Administration', /password.*LDAP.*certificate.*127\.0\.0\.1.*cipher suites/],
    ['Audit log', /`All`.*Archive/],
    ['High availability', /second connector/],
    ['Protocols', /HTTPS.*trust store/],
    ['Virtual hosts', /Names/],
    ['Resources', /that applications need/],
    ['Applications', /Only those/],
    ['Instances', /development and test/],
  ] as const)
    assert.match(rows.get(topic) ?? '', needed, topic)
  // The topics of the status exist, and links lead to headings.
  const status = readFileSync(join(root, 'apps/cloud-connector/src/security-status.ts'), 'utf8')
  for (const [, row = ''] of rows)
    for (const [, topic] of (row.split('|')[3] ?? '').matchAll(/`(\w+)`/g))
      assert.ok(status.includes(`'${topic}'`), topic)
  assert.match(page, /\(principal-propagation\.md\)/)
  for (const [, file = '', heading = ''] of page.matchAll(/\]\(([\w-]+\.md)#([\w-]+)\)/g)) {
    const headings = [...readFileSync(join(place, file), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
      text
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    )
    assert.ok(headings.includes(heading), `${file}#${heading}`)
  }
})

test('decisions are numbered without a gap', () => {
  const numbers = readdirSync(join(root, 'docs/decisions')).map((name) => Number(name.slice(0, 4)))
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    numbers.map((_, index) => index + 1),
  )
})
