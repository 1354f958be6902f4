import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runChild, runLandbridge, startPlatform, temporaryFolder } from '@landbridge/testkit'

test('@sap/xsenv reads the bindings of `landbridge env`, and @sap/xssec accepts the tokens of all of them with default settings (CONN-008, CONN-036, RC-001, RC-002, RC-006, RC-007, RC-024, RC-025, RC-029, RC-044, RC-174)', async () => {
  using folder = temporaryFolder()
  const platform = await startPlatform()
  try {
    const env = await runLandbridge(['env', '--data', platform.dataDirectory], { cwd: folder.path })
    assert.equal(env.status, 0, env.stderr)
    assert.equal(statSync(join(folder.path, 'default-env.json')).mode & 0o777, 0o600)
    const { name: userName, password } = platform.credentials.user
    const { NODE_EXTRA_CA_CERTS } = platform.environment
    const program = join(import.meta.dirname, 'programs/sap-libraries.mjs')
    const { status, stdout, stderr } = await runChild(process.execPath, [program], {
      cwd: folder.path,
      env: { NODE_EXTRA_CA_CERTS, TEST_INPUT: JSON.stringify({ userName, password }) },
    })
    assert.equal(status, 0, stderr)
    const tenant = platform.binding('xsuaa').zoneid
    const { host } = platform.address('token-service')
    assert.deepEqual(JSON.parse(stdout), {
      uris: [platform.address('destination-service').origin, '127.0.0.1'],
      byTag: [1, 1, 1],
      byName: 1,
      user: [userName, userName, tenant],
      issuer: `https://demo.${host}/oauth/token`,
      services: [
        [true, true],
        [true, true],
        [true, true],
      ],
      exchanged: userName,
      foreign: 'WrongAudienceError',
    })
  } finally {
    await platform.stop()
  }
})
