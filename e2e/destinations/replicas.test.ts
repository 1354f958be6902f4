import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { newDatabase, selfSignedCertificate, temporaryFolder } from '@landbridge/testkit'
import { type Answer, Cloud, type CloudProcess } from './cloud.ts'

const postgres = await newDatabase()
const skip = 'unavailable' in postgres ? postgres.unavailable : false
const folder = temporaryFolder()
let cloud: Cloud
let east: CloudProcess
let west: CloudProcess
let token: string

before(async () => {
  if ('unavailable' in postgres) return
  cloud = await Cloud.create(folder.path, postgres.url)
  ;[east, west] = await Promise.all([cloud.start('east'), cloud.start('west')])
  token = await cloud.token(east)
})

after(async () => {
  await cloud?.[Symbol.asyncDispose]()
  if ('stop' in postgres) await postgres.stop()
  folder[Symbol.dispose]()
})

/** A write on one replica is read on the other with the very next request, without any wait between the two. */
async function written(call: Promise<Answer>, status: number): Promise<Answer> {
  const answer = await call
  assert.equal(answer.status, status, answer.text)
  return answer
}

for (const family of ['/subaccount', '/instance'])
  test(`destinations of ${family}: what one replica creates, replaces, labels or deletes, the other shows at once`, {
    skip,
  }, async () => {
    const path = `${family}Destinations`
    // Each round changes roles, and reads first where the change was not made: nothing old may be kept there.
    for (const [one, other] of [
      [east, west],
      [west, east],
    ] as const) {
      const Name = one === east ? 'from-east' : 'from-west'
      const entry = { Name, Type: 'HTTP', URL: 'http://first.test', Authentication: 'NoAuthentication' }
      const seen = (at: string) => other.destinations(token, 'GET', at)
      assert.equal((await seen(`${path}/${Name}`)).status, 404)
      const created = await written(one.destinations(token, 'POST', path, entry), 201)
      const first = await seen(`${path}/${Name}`)
      assert.deepEqual([first.json, first.etag], [entry, created.etag])
      assert.equal((await seen(`/destinations/${Name}`)).json.destinationConfiguration.URL, 'http://first.test')
      const replaced = await written(one.destinations(token, 'PUT', path, { ...entry, URL: 'http://second.test' }), 200)
      const second = await seen(`/destinations/${Name}`)
      assert.equal(second.json.destinationConfiguration.URL, 'http://second.test')
      assert.equal((await seen(`${path}/${Name}`)).etag, replaced.etag)
      const labels = [{ key: 'stage', values: ['test'] }]
      await written(one.destinations(token, 'PUT', `${path}/${Name}/labels`, labels), 200)
      assert.deepEqual((await seen(`${path}/${Name}/labels`)).json, labels)
      await written(one.destinations(token, 'DELETE', `${path}/${Name}`), 200)
      assert.equal((await seen(`/destinations/${Name}`)).status, 404)
      assert.deepEqual((await seen(path)).json, [])
    }
  })

test('a bulk write on one replica is the list of the other', { skip }, async () => {
  const entries = Array.from({ length: 20 }, (_, index) => ({
    Name: `bulk-${index}`,
    Type: 'HTTP',
    URL: 'http://b.test',
  }))
  await written(east.destinations(token, 'POST', '/subaccountDestinations', entries), 201)
  const listed = await west.destinations(token, 'GET', '/subaccountDestinations?$select=Name')
  assert.deepEqual(listed.json.map(({ Name }: { Name: string }) => Name).sort(), entries.map(({ Name }) => Name).sort())
  const filter = encodeURIComponent(`Name in (${entries.map(({ Name }) => `'${Name}'`).join(', ')})`)
  await written(west.destinations(token, 'DELETE', `/subaccountDestinations?$filter=${filter}`), 200)
  assert.deepEqual((await east.destinations(token, 'GET', '/subaccountDestinations')).json, [])
})

test('two replicas that create the same name at the same moment: one succeeds, one is told of the duplicate', {
  skip,
}, async () => {
  for (let round = 0; round < 10; round += 1) {
    const entry = (URL: string) => ({ Name: `race-${round}`, Type: 'HTTP', URL })
    const answers = await Promise.all([
      east.destinations(token, 'POST', '/subaccountDestinations', entry('http://east.test')),
      west.destinations(token, 'POST', '/subaccountDestinations', entry('http://west.test')),
    ])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409])
    const winner = answers[0]?.status === 201 ? 'http://east.test' : 'http://west.test'
    for (const replica of [east, west]) {
      const { json } = await replica.destinations(token, 'GET', `/subaccountDestinations/race-${round}`)
      assert.equal(json.URL, winner)
    }
  }
})

test('certificates and fragments that one replica writes, the other shows and uses at once', { skip }, async () => {
  const pem = async () => Buffer.from((await selfSignedCertificate()).certificate).toString('base64')
  const certificate = { Name: 'trust.pem', Type: 'PEM', Content: await pem() }
  const fragment = { FragmentName: 'life', URL: 'http://first.test' }
  await written(
    east.destinations(token, 'POST', '/subaccountDestinations', { Name: 'erp', Type: 'HTTP', URL: 'http://none.test' }),
    201,
  )
  await written(east.destinations(token, 'POST', '/subaccountCertificates', certificate), 201)
  await written(east.destinations(token, 'POST', '/subaccountDestinationFragments', fragment), 201)
  const seen = (path: string) => west.destinations(token, 'GET', path)
  assert.deepEqual((await seen('/subaccountCertificates/trust.pem')).json, certificate)
  assert.deepEqual((await seen('/subaccountDestinationFragments/life')).json, fragment)
  const Content = await pem()
  await written(east.destinations(token, 'PUT', '/subaccountCertificates', { ...certificate, Content }), 200)
  await written(
    east.destinations(token, 'PUT', '/subaccountDestinationFragments', { ...fragment, URL: 'http://second.test' }),
    200,
  )
  assert.equal((await seen('/subaccountCertificates/trust.pem')).json.Content, Content)
  assert.equal((await seen('/subaccountDestinationFragments/life')).json.URL, 'http://second.test')
  await written(east.destinations(token, 'DELETE', '/subaccountCertificates/trust.pem'), 200)
  await written(east.destinations(token, 'DELETE', '/subaccountDestinationFragments/life'), 200)
  assert.equal((await seen('/subaccountCertificates/trust.pem')).status, 404)
  assert.equal((await seen('/subaccountDestinationFragments/life')).status, 404)
})

test('a token that one replica got is what the other gives, and the token service is asked once', {
  skip,
}, async () => {
  let asked = 0
  const idp = createServer((request, reply) => {
    asked += 1
    const granted = { access_token: `granted-${asked}`, token_type: 'bearer', expires_in: 3_600 }
    request.resume().on('end', () => reply.setHeader('content-type', 'application/json').end(JSON.stringify(granted)))
  })
  await new Promise<void>((resolve) => idp.listen(0, '127.0.0.1', resolve))
  try {
    const entry = {
      Name: 'with-token',
      Type: 'HTTP',
      URL: 'http://x.test',
      Authentication: 'OAuth2ClientCredentials',
      clientId: 'c',
      clientSecret: 's',
      tokenServiceURL: `http://127.0.0.1:${(idp.address() as AddressInfo).port}/token`,
    }
    await written(east.destinations(token, 'POST', '/subaccountDestinations', entry), 201)
    for (const replica of [east, west, east]) {
      const { json } = await replica.destinations(token, 'GET', '/destinations/with-token')
      assert.equal(json.authTokens[0].value, 'granted-1', JSON.stringify(json))
    }
    assert.equal(asked, 1)
  } finally {
    idp.closeAllConnections()
    idp.close()
  }
})
