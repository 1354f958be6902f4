import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { callJson, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { claimsOf, technicalToken } from '../clients/support/tokens.ts'
import { callThrough } from './proxied-call.ts'

function bindings(platform: TestPlatform) {
  return (['connectivity', 'destination'] as const).map((service) => platform.binding(service))
}

test('a UAA of somebody else needs no mapping of claims, only its audience, its tenant and its clients', async () => {
  using folder = temporaryFolder()
  const uaa = await startPlatform()
  try {
    const tokens = {
      connectivity: await technicalToken(uaa, 'connectivity'),
      destination: await technicalToken(uaa, 'destination'),
    }
    const { iss, zid } = claimsOf(tokens.connectivity)
    const clients = bindings(uaa).map(({ clientid }, index) => [
      clientid,
      { instance: ['demo/demo-connectivity', 'demo/demo-destination'][index] },
    ])
    const external = {
      issuer: iss,
      // The name of the tenant does not resolve on every machine.
      jwksUri: `${uaa.address('token-service').origin}/token_keys`,
      ca: uaa.ca,
      audience: Object.values(tokens).flatMap((token) => claimsOf(token).aud),
      tenants: { [String(zid)]: 'demo' },
      clients: Object.fromEntries(clients),
    }
    const file = join(folder.path, 'up.yaml')
    writeFileSync(file, JSON.stringify({ identity: { external: [external] } }))
    const platform = await startPlatform('--config', file)
    try {
      const ask = (token: string) => callThrough(platform, 'demo-backend.virtual:8080', token)
      assert.match(await ask(tokens.connectivity), /^200 /)
      assert.match(await ask(tokens.destination), / PROXY_CLIENT_NOT_ALLOWED /)
      const { uri } = platform.binding('destination')
      const url = `${uri}/destination-configuration/v1/subaccountDestinations`
      const headers = { authorization: `Bearer ${tokens.destination}` }
      assert.equal((await callJson({ url, headers })).status, 200)
    } finally {
      await platform.stop()
    }
  } finally {
    await uaa.stop()
  }
})
