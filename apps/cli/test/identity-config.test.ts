import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand, temporaryFolder } from '@landbridge/testkit'

const issuer = { issuer: 'https://id.example.test', audience: ['us'] }

/** What `landbridge cloud` says about a section `identity` that it does not start with. */
async function refusal(identity: object, secrets = '{}'): Promise<string> {
  using folder = temporaryFolder()
  const file = join(folder.path, 'cloud.yaml')
  writeFileSync(join(folder.path, 'secrets.json'), secrets)
  const content = {
    dataDirectory: join(folder.path, 'data'),
    tokenService: { port: 0 },
    destinationService: { port: 0 },
    connectivityService: { port: 0 },
    identity,
  }
  writeFileSync(file, JSON.stringify(content))
  const { status, stderr } = await runCommand(['cloud', '--config', file])
  assert.notEqual(status, 0)
  assert.match(stderr, /CONFIG_INVALID/)
  return stderr
}

test('without the built-in token service there must be an issuer, each only once and over https', async () => {
  assert.match(await refusal({ builtIn: false }), /identity\.external: expected at least one issuer/)
  assert.match(await refusal({ external: [issuer, issuer] }), /expected every issuer once/)
  const plain = { ...issuer, issuer: 'http://id.example.test' }
  assert.match(await refusal({ external: [plain] }), /must begin with https/)
})

test('an issuer without an audience is refused: its tokens for other applications would work here', async () => {
  assert.match(await refusal({ external: [{ issuer: issuer.issuer }] }), /identity\.external\.0\.audience/)
  assert.match(await refusal({ external: [{ ...issuer, audience: [] }] }), /identity\.external\.0\.audience/)
})

test('secrets of clients that cannot be read are refused and never shown', async () => {
  const text = await refusal(
    { builtIn: false, external: [issuer], clientSecrets: { file: 'secrets.json' } },
    '{"app": "hidden-secret"',
  )
  assert.match(text, /identity\.clientSecrets: expected a JSON object/)
  assert.doesNotMatch(text, /hidden-secret/)
})
