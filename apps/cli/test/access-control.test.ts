import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { callJson, runCommand, temporaryFolder } from '@landbridge/testkit'
import { startUp } from './started.ts'

test('access control is exported, imported and checked on the command line (SCC-186, SCC-189)', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  await using up = await startUp(data)
  const run = (line: string) => runCommand(['access-control', ...line.split(' '), '--data', data], { cwd: folder.path })
  const { name, password } = up.announcement.credentials.connector
  const connector = async (method: string, path: string): Promise<unknown> => {
    const answer = await callJson({
      ...{ url: `${up.urlOf('cloud-connector')}/api/v1/configuration${path}`, method },
      ca: readFileSync(join(data, 'connector-ca.pem'), 'utf8'),
      headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` },
    })
    return answer.json
  }
  const [{ regionHost, subaccount }] = (await connector('GET', '/subaccounts')) as [Record<string, string>]
  const mappings = `/subaccounts/${regionHost}/${subaccount}/systemMappings`

  const checked = await run('check')
  assert.deepEqual([checked.status, checked.stderr], [0, ''])
  assert.match(checked.stdout, /^demo-backend\.virtual:8080 -> 127\.0\.0\.1:\d+ {2}reachable$/m)

  const exported = await run('export --out access.zip')
  assert.deepEqual([exported.status, exported.stdout], [0, `Wrote ${join(folder.path, 'access.zip')}.\n`])
  assert.equal((await run('export --whole --out whole.zip --json')).stdout.slice(0, 8), '{"file":')
  const before = await connector('GET', `${mappings}/demo-backend.virtual:8080/resources`)
  await connector('DELETE', mappings)
  const imported = await run('import access.zip --json')
  assert.equal(imported.status, 0, imported.stderr)
  const { created } = JSON.parse(imported.stdout).systemMappings
  assert.ok(created.includes('demo-backend.virtual:8080'))
  const after = await connector('GET', `${mappings}/demo-backend.virtual:8080/resources`)
  assert.equal((after as unknown[]).length, (before as unknown[]).length)
  assert.match((await run('import whole.zip --whole --overwrite')).stdout, /^demo-backend\.virtual:8080 +kept$/m)

  writeFileSync(join(folder.path, 'broken.zip'), 'no archive')
  const broken = await run('import broken.zip')
  assert.deepEqual([broken.status, broken.stdout], [1, ''])
  assert.match(broken.stderr, /archive is not a ZIP file/)
  writeFileSync(join(folder.path, 'pw'), 'wrong\n')
  assert.match((await run('check --administrator-password-file pw')).stderr, /401/)
  assert.match((await run(`import --from ${subaccount}@${regionHost}`)).stderr, /is the one that is imported into/)
  assert.match((await run('check --subaccount none@nowhere')).stderr, new RegExp(`${subaccount}@${regionHost}`))
})
