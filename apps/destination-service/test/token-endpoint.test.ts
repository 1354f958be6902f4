import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { EndpointPolicy, type TokenRequest } from '@landbridge/destinations'
import { LocalCa } from '@landbridge/identity'
import { ManualClock, PlatformError, silentLog } from '@landbridge/kernel'
import { createTokenEndpoint } from '../src/index.ts'
import { startOAuthServer } from './support/oauth-server.ts'

const clock = new ManualClock()

function endpoint(privateAddresses: 'deny' | 'allow', ca?: string) {
  return createTokenEndpoint({
    policy: new EndpointPolicy({ privateAddresses }),
    clock,
    log: silentLog,
    deadlineMs: 60_000,
    ...(ca === undefined ? {} : { ca }),
  })
}

function request(url: string, more: Partial<TokenRequest> = {}): TokenRequest {
  return {
    url,
    headers: [['content-type', 'application/x-www-form-urlencoded']],
    body: 'grant_type=client_credentials',
    proxyType: 'Internet',
    subaccountId: '',
    locationId: '',
    connectTimeoutMs: 10_000,
    readTimeoutMs: 10_000,
    insecureTrustAll: false,
    ...more,
  }
}

function failing(reason: RegExp) {
  return (thrown: unknown) => {
    assert.ok(thrown instanceof PlatformError)
    assert.equal(thrown.code, 'DESTINATION_TOKEN_FAILED')
    assert.match(String(thrown.facts.reason), reason)
    return true
  }
}

test('an address of a private network is never connected to, as literal or as name (DEST-123, CONN-137)', async () => {
  const oauth = await startOAuthServer()
  let connections = 0
  const silent = createServer(() => connections++)
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  for (const host of [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '0x7f.1',
    '2130706433',
    '[::ffff:127.0.0.1]',
    '169.254.169.254',
  ])
    await assert.rejects(endpoint('deny').send(request(`http://${host}:${port}/`)), failing(/private network/), host)
  await assert.rejects(endpoint('allow').send(request('http://169.254.169.254/')), failing(/private network/))
  assert.equal(connections, 0)
  const linked = await endpoint('deny').send(request(`${oauth.url}/`, { proxyType: 'PrivateLink' }))
  assert.equal(linked.status, 200)
  silent.close()
  await oauth.close()
})

test('a certificate must come from a trusted authority unless the destination trusts all (DEST-094)', async () => {
  const authority = await LocalCa.create({ subject: { CN: 'Test CA' } })
  const ca = authority.certificatePem
  const { key, cert } = await authority.issueServer({ dnsNames: ['localhost'], days: 1 })
  const oauth = await startOAuthServer({ key, cert })
  const url = `https://localhost:${oauth.port}/`
  await assert.rejects(endpoint('allow').send(request(url)), failing(/not trusted/))
  assert.equal(oauth.calls.length, 0)
  assert.equal((await endpoint('allow', ca).send(request(url))).status, 200)
  await assert.rejects(endpoint('allow', ca).send(request(oauth.url)), failing(/for another host/))
  assert.equal((await endpoint('allow').send(request(url, { insecureTrustAll: true }))).status, 200)
  await assert.rejects(endpoint('allow').send(request(url)), failing(/not trusted/))
  await oauth.close()
})

test('a connection that does not come about ends after the connection timeout', async () => {
  const silent = createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const accepted = once(silent, 'connection')
  // TLS never starts on the other side, so the connection is never complete.
  const answer = endpoint('allow').send(request(`https://127.0.0.1:${port}/`, { connectTimeoutMs: 5_000 }))
  const outcome = assert.rejects(answer, failing(/connection to the token service timed out/))
  await accepted
  clock.advance(5_000)
  await outcome
  silent.close()
})

test('a timeout of 0 is bounded by the deadline of the service', async () => {
  const oauth = await startOAuthServer()
  const asked = new Promise<void>((resolve) => {
    oauth.answer = () => resolve()
  })
  const outcome = assert.rejects(
    endpoint('allow').send(request(oauth.url, { readTimeoutMs: 0, connectTimeoutMs: 0 })),
    failing(/did not answer in time/),
  )
  await asked
  clock.advance(60_000)
  await outcome
  await oauth.close()
})
