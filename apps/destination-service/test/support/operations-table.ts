import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { operations } from './contract.ts'

// Which test proves which operation and parameter of the published contract: through the requirement in its title.

/** Requirements per operation; `{L}` stands for subaccount and instance. */
const byOperation: Readonly<Record<string, readonly string[]>> = {
  'GET /v1/destinations/{name}': ['DEST-006', 'DEST-018'],
  'GET /v2/destinations/{name}@{level}': ['DEST-239'],
  'GET /v2/destinations/{name}': ['RC-105'],
  'GET /v1/{L}Destinations': ['DEST-016'],
  'PUT /v1/{L}Destinations': ['DEST-041', 'DEST-043'],
  'POST /v1/{L}Destinations': ['DEST-036', 'DEST-043'],
  'DELETE /v1/{L}Destinations': ['DEST-045'],
  'GET /v1/{L}Destinations/{destination name}': ['DEST-014'],
  'DELETE /v1/{L}Destinations/{destination name}': ['DEST-044', 'DEST-046'],
  'GET /v1/{L}DestinationFragments': ['DEST-238'],
  'PUT /v1/{L}DestinationFragments': ['DEST-238'],
  'POST /v1/{L}DestinationFragments': ['RC-097'],
  'GET /v1/{L}DestinationFragments/{fragment name}': ['RC-097'],
  'DELETE /v1/{L}DestinationFragments/{fragment name}': ['RC-097'],
  'GET /v1/{L}Certificates': ['DEST-066'],
  'PUT /v1/{L}Certificates': ['DEST-066'],
  'POST /v1/{L}Certificates': ['DEST-066', 'DEST-071', 'DEST-074'],
  'DELETE /v1/{L}Certificates': ['DEST-066'],
  'GET /v1/{L}Certificates/{certificate name}': ['DEST-069'],
  'DELETE /v1/{L}Certificates/{certificate name}': ['DEST-066'],
  'GET /v1/{L}Certificates/{certificate name}/publicKeys': ['DEST-070'],
  'GET /v1/saml2Metadata': ['DEST-088'],
  'GET /v1/saml2Metadata/certificate': ['DEST-082'],
  'POST /v1/saml2Metadata/certificate': ['DEST-080'],
  'GET /v1/saml2Metadata/certificate/passive': ['DEST-087'],
  'POST /v1/saml2Metadata/certificate/passive': ['DEST-083'],
  'DELETE /v1/saml2Metadata/certificate/passive': ['DEST-087'],
  'POST /v1/saml2Metadata/rotateCertificate': ['DEST-085'],
  'DELETE /maintenance/v1/caches/ias': ['RC-104'],
}

// No requirement is about chains, so the title itself says it.
const chained = 'a chain exchanges the subject token'

/** Requirements per header and query parameter. */
const byParameter: Readonly<Record<string, readonly string[]>> = {
  'X-user-token': ['CONN-199', 'DEST-112'],
  'X-subject-token': ['DEST-240'],
  'X-subject-token-type': ['DEST-240'],
  'X-actor-token': ['DEST-240'],
  'X-actor-token-type': ['DEST-240'],
  'X-samlAssertion': ['DEST-241'],
  'X-refresh-token': ['DEST-163'],
  'X-code': ['DEST-166'],
  'X-redirect-uri': ['DEST-166'],
  'X-code-verifier': ['DEST-166'],
  'X-tenant': ['DEST-105', 'DEST-112'],
  'X-client-assertion': ['DEST-179'],
  'X-client-assertion-type': ['DEST-179'],
  'X-client-assertion-destination-name': ['DEST-185'],
  'X-fragment-name': ['CONN-151', 'RC-106'],
  'X-fragment-optional': ['RC-098'],
  'X-chain-name': [chained],
  'X-chain-var-<variable-name>': [chained],
  $skipCredentials: ['DEST-033'],
  $skipTokenRetrieval: ['DEST-034'],
  'If-None-Match': ['DEST-035', 'RC-095'],
  'If-Match': ['DEST-035', 'RC-095'],
  $filter: ['DEST-061', 'DEST-062', 'DEST-063'],
  $includeMetadata: ['DEST-065', 'RC-106'],
  $select: ['DEST-060'],
  $page: ['DEST-057', 'DEST-059'],
  $pageSize: ['DEST-057'],
  $pageCount: ['DEST-058'],
  $entityCount: ['DEST-058'],
}

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** The table as Markdown, from the titles of the tests as they are now. @throws Error when the contract has more */
export function operationsTable(): string {
  const titles = testTitles()
  const rows = new Map<string, string>()
  for (const { method, path, parameters } of operations) {
    const operation = `${method} ${path.replace(/\/v1\/(subaccount|instance)(?=[A-Z])/, '/v1/{L}')}`
    rows.set(`0 \`${operation}\``, proof(byOperation[operation], titles, operation))
    for (const { name, in: place } of parameters)
      if (place !== 'path') rows.set(`1 ${place} \`${name}\``, proof(byParameter[name], titles, name))
  }
  const lines = [...rows]
    .sort(([a], [b]) => Number(a[0]) - Number(b[0]))
    .map(([key, text]) => `| ${key.slice(2)} | ${text} |`)
  return ['| Operation or parameter | Proven by the test |', '|---|---|', ...lines].join('\n')
}

function proof(requirements: readonly string[] | undefined, titles: readonly string[], what: string): string {
  if (requirements === undefined) throw new Error(`no requirement is named for ${what}`)
  const found = requirements.flatMap((id) => titles.find((title) => new RegExp(`\\b${id}\\b`).test(title)) ?? [])
  return found.length === 0
    ? 'not proven yet'
    : [...new Set(found)]
        .map((title) => title.replace(/ \((?:[A-Z]+-\d+(?:, )?)+\)$/, '').replaceAll('|', '\\|'))
        .join('; ')
}

/** Titles of all tests, in the order of their files. */
function testTitles(): string[] {
  const files = globSync(
    ['apps/destination-service/test/*.test.ts', 'packages/destinations/test/*.test.ts', 'e2e/**/*.test.ts'],
    {
      cwd: root,
    },
  )
  return files
    .sort()
    .flatMap((file) =>
      Array.from(
        readFileSync(`${root}${file}`, 'utf8').matchAll(/\btest\(\s*(['"`])((?:(?!\1).)+)\1/g),
        (match) => `${basename(file, '.test.ts')}: ${(match[2] ?? '').replace(/\$\{[^}]+\}(: | )?/, '')}`,
      ),
    )
}

const begin = '<!-- operations: written by apps/destination-service/test/write-operations-table.ts -->'
const end = '<!-- end of operations -->'

/** The page with the table put between its marks. */
export function withOperationsTable(page: string): string {
  const [head, rest] = page.split(begin)
  const tail = rest?.split(end)[1]
  if (head === undefined || tail === undefined) throw new Error('the page has no marks for the table')
  return `${head}${begin}\n\n${operationsTable()}\n\n${end}${tail}`
}

export const compatibilityPage = `${root}docs/compatibility.md`
