import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { Sealer, silentLog, systemClock } from '@landbridge/kernel'
import { destinationMigrations, openStore } from '@landbridge/store'
import { newDatabase, temporaryFolder } from '@landbridge/testkit'
import { granted, json, type OAuthServer, startOAuthServer } from './support/oauth-server.ts'
import { type Reply, startService, type TestService } from './support/service.ts'

/** A secret under the property that holds it; each value is its own, so that a finding names its property. */
const planted = Object.fromEntries(
  [
    'Password',
    'clientSecret',
    'tokenServicePassword',
    'KeyStorePassword',
    'TrustStorePassword',
    'tokenService.KeyStorePassword',
    'SigningKey',
    'mail.password',
    'jco.client.passwd',
    'jco.destination.repository.passwd',
    'tokenServiceURL.headers.X-Api-Key',
    'tokenServiceURL.queries.api_key',
    'tokenService.body.assertion_secret',
    'URL.headers.X-Backend-Key',
    'URL.queries.backend_key',
    'of-no-known-name',
  ].map((name) => [name, `planted/${name.slice(0, 12)}+${randomBytes(9).toString('hex')}=`]),
)
/** What `$skipCredentials` takes out. */
const credentials = [
  'Password',
  'clientSecret',
  'tokenServicePassword',
  'KeyStorePassword',
  'TrustStorePassword',
  'tokenService.KeyStorePassword',
  'SigningKey',
  'mail.password',
  'jco.client.passwd',
  'jco.destination.repository.passwd',
]
const grantedToken = `planted.granted.${randomBytes(12).toString('hex')}`
const fragmentSecret = `planted-fragment-${randomBytes(9).toString('hex')}`
const generatedPassword = `planted-generated-${randomBytes(9).toString('hex')}`

/** The forms in which a careless writer could leave a value. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value)
  // Base64 of a value inside a longer text depends on where it begins: three ways, without the ends that its neighbours share.
  const inBase64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    return text.slice(shift === 0 ? 0 : 4, -4)
  })
  return [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), bytes.toString('hex'), ...inBase64]
}

function assertAbsent(secrets: Readonly<Record<string, string>>, text: string | Buffer, where: string): void {
  for (const [name, value] of Object.entries(secrets))
    for (const form of new Set(formsOf(value)))
      assert.ok(!text.includes(form), `${where} shows ${name} as ${form.slice(0, 40)}`)
}

interface Certificates {
  readonly content: string
  readonly secrets: Readonly<Record<string, string>>
}

/** A key store in PEM form, and lines of it that nobody but its reader may see. */
async function certificates(service: TestService): Promise<Certificates> {
  const authority = await LocalCa.create({ subject: { CN: 'root' }, clock: service.clock })
  const { cert, key } = await authority.issueClient({ subject: { CN: 'leaf' }, days: 30 })
  const lines = key.split('\n')
  return {
    content: Buffer.from(`${cert}\n${key}`).toString('base64'),
    secrets: { 'private key, first line': lines[1] ?? '', 'private key, second line': lines[2] ?? '' },
  }
}

/** Writes everything, well and badly, and fetches tokens, well and badly. @returns the answers that must hide it all */
async function useEverything(service: TestService, oauth: OAuthServer, content: string, user: string) {
  const hiding: Reply[] = []
  const hide = async (...call: Parameters<TestService['call']>): Promise<Reply> => {
    const reply = await service.call(...call)
    hiding.push(reply)
    return reply
  }
  const base = { Type: 'HTTP', URL: 'http://x.test', tokenServiceURL: oauth.url, clientId: 'c', ...planted }
  const destination = { Name: 'oauth', Authentication: 'OAuth2ClientCredentials', ...base }
  const path = '/subaccountDestinations'
  assert.equal((await hide('POST', path, { body: destination })).status, 201)
  assert.equal((await hide('POST', path, { body: destination })).status, 409)
  assert.equal((await hide('PUT', path, { body: destination })).status, 200)
  assert.equal((await hide('PUT', path, { body: { ...destination, Name: 'none' } })).status, 404)
  const broken = { ...destination, Name: 'broken', Authentication: 'BasicAuthentication', URL: planted.Password }
  assert.equal((await hide('POST', path, { body: broken })).status, 400)
  assert.equal((await hide('POST', path, { body: { ...destination, Type: planted.Password } })).status, 400)
  assert.equal(
    (await hide('POST', path, { body: { ...destination, Password: { deep: planted.Password } } })).status,
    400,
  )
  const user401 = { ...destination, Name: 'jwt', Authentication: 'OAuth2JWTBearer' }
  assert.equal((await hide('POST', path, { body: [destination, user401, broken] })).status, 207)
  assert.equal((await hide('PUT', path, { body: [destination, broken] })).status, 207)
  await hide('GET', `${path}?$select=Name`)
  await hide('GET', `${path}?$filter=${encodeURIComponent(`Name in ('${planted.Password}'`)}`)
  await hide('GET', `${path}/${encodeURIComponent(planted.Password!.replaceAll('/', ''))}`)

  const fragment = { FragmentName: 'life', Password: fragmentSecret }
  assert.equal((await hide('POST', '/subaccountDestinationFragments', { body: fragment })).status, 201)
  assert.equal((await hide('POST', '/subaccountDestinationFragments', { body: fragment })).status, 409)
  await hide('POST', '/subaccountDestinationFragments', { body: { ...fragment, FragmentName: 7 } })

  const certificate = { Name: 'store.pem', Type: 'PEM', Content: content }
  assert.equal((await hide('POST', '/subaccountCertificates', { body: certificate })).status, 201)
  assert.equal((await hide('POST', '/subaccountCertificates', { body: certificate })).status, 409)
  assert.equal((await hide('POST', '/subaccountCertificates', { body: [certificate, certificate] })).status, 207)
  assert.equal((await hide('GET', '/subaccountCertificates/store.pem/publicKeys')).status, 200)
  await hide('POST', '/subaccountCertificates', { body: { ...certificate, Name: 'x.p12' } })
  await hide('POST', '/subaccountCertificates', { body: { ...certificate, Name: 'y.pem', Content: `${content}!` } })
  const wish = { Name: 'made.p12', Attributes: { CN: 'made', Password: generatedPassword } }
  await hide('POST', '/subaccountCertificates', { body: wish })

  oauth.answer = (_call, reply) => json(reply, 200, granted(grantedToken, { refresh_token: grantedToken }))
  assert.match((await service.call('GET', '/destinations/oauth')).text, new RegExp(grantedToken))
  // A token service that sends back all it got.
  oauth.answer = ({ url, headers, body }, reply) =>
    json(reply, 400, { error: 'x', error_description: { url, headers, body: `${body}` } })
  const failing = { headers: { 'x-user-token': user } }
  const refused = await service.call('GET', '/destinations/jwt?$skipCredentials=true', failing)
  assert.match(refused.text, /failed due to/)
  oauth.answer = ({ url, headers, body }, reply) =>
    void reply.writeHead(500, { 'content-type': 'text/plain' }).end(`${url} ${JSON.stringify(headers)} ${body}`)
  const crashed = await service.call('GET', '/destinations/jwt?$skipCredentials=true', failing)
  const errors = [refused, crashed].map((reply) => JSON.stringify((reply.body as { authTokens: object[] }).authTokens))
  await hide('GET', '/destinations/oauth', { token: `${user.slice(0, -8)}AAAAAAAA` })
  await hide('GET', '/destinations/jwt', { headers: { 'x-user-token': user, 'x-tenant': 'provider' } })
  await hide('GET', '/destinations/none', failing)
  return { hiding, errors, skipped: [refused, crashed] }
}

/** Every row of the database as text. */
async function dump(url: string): Promise<string> {
  const store = await openStore<Record<string, Record<string, unknown>>>({
    url,
    sealer: new Sealer(randomBytes(32)),
    clock: systemClock,
    log: silentLog,
    migrations: destinationMigrations,
  })
  try {
    const tables = await store.db.introspection.getTables()
    const rows = tables.map(({ name }) => store.db.selectFrom(name).selectAll().execute())
    return JSON.stringify(await Promise.all(rows))
  } finally {
    await store.close()
  }
}

async function proveHidden(url: string, stored: () => Promise<readonly (string | Buffer)[]>): Promise<void> {
  const service = await startService(url)
  const oauth = await startOAuthServer()
  let ended: Promise<void> | undefined
  const end = () => {
    ended ??= service.close()
    return ended
  }
  try {
    const user = await service.token({ user: 'jane' })
    const bearer = await service.token()
    const { content, secrets: keys } = await certificates(service)
    const tokens = { 'user token': user, 'its signature': user.split('.')[2]!, bearer: bearer.split('.')[2]! }
    const all = { ...planted, ...keys, ...tokens, grantedToken, fragmentSecret, generatedPassword, content }
    const { hiding, errors, skipped } = await useEverything(service, oauth, content, user)
    const malformed = await fetch(`${service.app.url}/destination-configuration/v1/subaccountDestinations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: `{"Password": "${planted.Password}", `,
    })
    assert.equal(malformed.status, 400)
    assertAbsent(all, await malformed.text(), 'the answer to malformed JSON')
    for (const [index, reply] of hiding.entries())
      assertAbsent(all, reply.text, `answer ${index} (${reply.status} ${reply.text.slice(0, 80)})`)
    const sent = Object.entries(all).filter(([name]) => !name.startsWith('URL.') && name !== 'of-no-known-name')
    for (const text of errors) assertAbsent(Object.fromEntries(sent), text, 'the error of a token')
    const skippable = Object.fromEntries(credentials.map((name) => [name, planted[name]!]))
    for (const reply of skipped) assertAbsent(skippable, reply.text, 'an answer with $skipCredentials')
    const log = service.log.join('\n')
    for (const event of ['http.request', 'destination.token.failed', 'audit.destination.changed'])
      assert.ok(log.includes(event))
    assertAbsent(all, log, 'the log')
    for (const bytes of await stored()) assertAbsent(all, bytes, 'the database')
    await end()
    // What the end writes, a merged write-ahead log for one, is part of the database too.
    for (const bytes of await stored()) assertAbsent(all, bytes, 'the database')
  } finally {
    await end()
    await oauth.close()
  }
}

test('no planted secret appears in the log, in errors, in answers that hide credentials, or in the clear in the database, SQLite (DEST-033, DEST-054, RFC-041)', async () => {
  using folder = temporaryFolder()
  const url = `sqlite:${folder.path}/destinations.db`
  await proveHidden(url, async () => {
    const files = readdirSync(folder.path).map((name) => readFileSync(join(folder.path, name)))
    assert.ok(
      files.some((file) => file.includes('subaccount_id')),
      'the database was read',
    )
    const rows = await dump(url)
    assert.match(rows, /store\.pem/)
    return [...files, rows]
  })
})

test('no planted secret appears in the log, in errors, in answers that hide credentials, or in the clear in the database, PostgreSQL (DEST-033, DEST-054, RFC-041)', async (context) => {
  const postgres = await newDatabase()
  if ('unavailable' in postgres) return context.skip(postgres.unavailable)
  try {
    await proveHidden(postgres.url, async () => {
      const rows = await dump(postgres.url)
      assert.match(rows, /store\.pem/)
      return [rows]
    })
  } finally {
    await postgres.stop()
  }
})
