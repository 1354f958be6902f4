import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccessPolicy } from '@landbridge/proxy'
import { DataPlane, mapping, runChild, startHttpBackend } from '@landbridge/testkit'

const version = await runChild('curl', ['--version']).catch(() => undefined)
const skip = version?.status === 0 ? false : 'curl is not installed'

/** The commands of the guide (L34158), with the port of the test in place of 20003. */
async function verify(plane: DataPlane, header?: string): Promise<string> {
  const proxy = `connectivity-proxy:${plane.httpPort}`
  const more = header === undefined ? [] : ['-H', header]
  const resolve = ['--resolve', `${proxy}:127.0.0.1`]
  const { stdout } = await runChild('curl', [
    '-s',
    '-v',
    '--max-time',
    '20',
    ...resolve,
    '-x',
    proxy,
    'http://virtual:1234/',
    ...more,
  ])
  return stdout
}

const modes: readonly [string, Partial<AccessPolicy>, ((plane: DataPlane) => Promise<string>) | undefined][] = [
  ['single-tenant trusted', { authorization: false, tenantMode: 'dedicated', subaccountId: 'acme' }, undefined],
  [
    'single-tenant non-trusted',
    { tenantMode: 'dedicated', subaccountId: 'acme' },
    async (plane) => `Proxy-Authorization: Bearer ${await plane.token()}`,
  ],
  ['multi-tenant non-trusted', {}, async (plane) => `Proxy-Authorization: Bearer ${await plane.token()}`],
  [
    'multi-tenant trusted',
    { authorization: false },
    async (plane) => `SAP-CP-Connectivity-Service-Token: ${await plane.token({ clientId: 'sb-proxy' })}`,
  ],
]

for (const [name, policy, header] of modes)
  test(`the command that verifies a ${name} proxy gets the answers of the guide, first unexposed, then exposed (CP-074)`, {
    skip,
  }, async () => {
    await using plane = await DataPlane.start({ policy })
    const backend = await startHttpBackend((_, response) => response.end('from the backend'))
    plane.defer(() => backend.close())
    const shown = await header?.(plane)
    assert.match(
      await verify(plane, shown),
      /^Access denied to system virtual:1234: If this was a valid request, make sure you expose the system correctly in your Cloud Connector\./,
    )
    plane.connector.expose([mapping('virtual', backend.port, { virtualPort: '1234' })])
    assert.equal(await verify(plane, shown), 'from the backend')
    if (header !== undefined) assert.doesNotMatch(await verify(plane), /from the backend/)
  })
