import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { Sealer } from '@landbridge/kernel'
import { newDatabase, queryDatabase } from '@landbridge/testkit'
import { granted, json, type OAuthServer, startOAuthServer } from './support/oauth-server.ts'
import { startService, type TestService } from './support/service.ts'

const database = await newDatabase()
const skip = 'unavailable' in database ? database.unavailable : false
const url = 'url' in database ? database.url : ''
let replicas: readonly TestService[] = []
const query = (statement: string) => queryDatabase(url, statement)
let oauth: OAuthServer
let next = 0

before(async () => {
  if (skip !== false) return
  const sealer = new Sealer(randomBytes(32))
  const one = await startService(url, { sealer, shareTokens: true })
  replicas = [one, await startService(url, { sealer, shareTokens: true })]
})
beforeEach(async () => {
  oauth = await startOAuthServer()
})
after(async () => {
  for (const replica of replicas) await replica.close()
  if ('url' in database) await database.stop()
})

async function destination(): Promise<string> {
  const Name = `shared-${++next}`
  const body = {
    Name,
    Type: 'HTTP',
    URL: 'http://x.test',
    Authentication: 'OAuth2ClientCredentials',
    clientId: 'c',
    clientSecret: 's',
    tokenServiceURL: `${oauth.url}/oauth/token`,
  }
  assert.equal((await replicas[0]!.call('POST', '/subaccountDestinations', { body })).status, 201)
  return Name
}

async function tokenAt(index: number, name: string): Promise<string> {
  const reply = await replicas[index]!.call('GET', `/destinations/${name}`)
  return (reply.body as { authTokens: { value: string }[] }).authTokens[0]!.value
}

test('a token that one replica got serves the other, until it is renewed or the destination changes', {
  skip,
}, async (context) => {
  context.after(() => oauth.close())
  const name = await destination()
  oauth.answer = (_call, reply) => json(reply, 200, granted(`planted-token-${oauth.calls.length}`))
  assert.deepEqual([await tokenAt(0, name), await tokenAt(1, name)], ['planted-token-1', 'planted-token-1'])
  for (const { clock } of replicas) clock.advance(3_300_000)
  assert.deepEqual([await tokenAt(1, name), await tokenAt(0, name)], ['planted-token-2', 'planted-token-2'])
  const stored = (await replicas[1]!.call('GET', `/subaccountDestinations/${name}`)).body as object
  await replicas[1]!.call('PUT', '/subaccountDestinations', { body: { ...stored, scope: 'another' } })
  assert.equal(await tokenAt(0, name), 'planted-token-3')
  assert.equal(oauth.calls.length, 3)
})

test('the database holds tokens sealed, and those that expired not at all (DEST-054)', { skip }, async (context) => {
  context.after(() => oauth.close())
  oauth.answer = (_call, reply) => json(reply, 200, granted('planted-token-text'))
  await tokenAt(0, await destination())
  const kept = await query('SELECT * FROM destination_token')
  assert.ok(kept.length > 0)
  assert.doesNotMatch(JSON.stringify(kept), /planted-token/)
  for (const { clock } of replicas) clock.advance(3_600_000)
  await tokenAt(1, await destination())
  const left = await query('SELECT key FROM destination_token')
  assert.equal(left.length, 1)
})

test('many requests at both replicas at once cost one token request', { skip }, async (context) => {
  context.after(() => oauth.close())
  const name = await destination()
  const asked = Promise.all(Array.from({ length: 20 }, (_, index) => tokenAt(index % 2, name)))
  let isDone = false
  const done = asked.finally(() => {
    isDone = true
  })
  // Whoever waits looks again after some time, and this clock stands still by itself.
  while (!isDone) {
    await new Promise((resolve) => setTimeout(resolve, 2))
    for (const { clock } of replicas) clock.advance(1)
  }
  assert.deepEqual(new Set(await done), new Set(['token-1']))
})

test('where tokens cannot be shared every replica gets its own', { skip }, async (context) => {
  context.after(() => oauth.close())
  await query('ALTER TABLE destination_token RENAME TO elsewhere')
  try {
    const name = await destination()
    assert.deepEqual([await tokenAt(0, name), await tokenAt(1, name)], ['token-1', 'token-2'])
    assert.ok(replicas[0]!.log.some((line) => line.includes('destination.token.sharing-failed')))
  } finally {
    await query('ALTER TABLE elsewhere RENAME TO destination_token')
  }
})
