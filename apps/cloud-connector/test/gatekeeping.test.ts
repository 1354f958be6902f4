import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { type Answer, configuration, type RunningConnector, startConnector } from './running-connector.ts'
import { suiteConnector } from './suite-connector.ts'

const basic = `${configuration}/connector/authentication/basic`
const role = `${configuration}/connector/haRole`

describe('a fresh installation', () => {
  const folder = temporaryFolder()
  let connector: RunningConnector
  before(async () => {
    // No password given: the one that everybody knows, to be changed.
    connector = await startConnector(folder.path, undefined, {
      initialPassword: undefined,
      haRole: 'undefined',
    } as object)
  })
  after(async () => {
    await connector.close()
    folder[Symbol.dispose]()
  })
  const as = (password: string, user = 'Administrator') => ({ user, password })

  test('it lets in exactly Administrator with manage, and only to change that password (SCC-021, SCC-022, API1-036, API1-037, API2-008)', async () => {
    for (const [user, password] of [
      ['administrator', 'manage'],
      ['Administrator', 'Manage'],
      ['Administrator', ''],
      ['', ''],
    ] as const)
      assert.equal((await connector.call('GET', role, as(password, user))).status, 401)
    for (const path of [
      role,
      '/api/v1/connector/version',
      `${configuration}/subaccounts`,
      '/api/v1/landbridge/about',
    ]) {
      const refused = await connector.call('GET', path, as('manage'))
      assert.deepEqual([refused.status, refused.json.type], [403, 'FORBIDDEN_REQUEST'])
    }
    const wrong = await connector.call('PUT', basic, { ...as('manage'), json: { oldPassword: 'x', newPassword: 'y' } })
    assert.deepEqual([wrong.status, wrong.json.type], [400, 'INVALID_REQUEST'])
    const same = { oldPassword: 'manage', newPassword: 'manage' }
    assert.equal((await connector.call('PUT', basic, { ...as('manage'), json: same })).status, 400)
  })

  test('the change as the guide prints it works, ends the block and the old password (API1-028, API1-103, API1-104, API1-105, API1-109)', async () => {
    const changed = await connector.call('PUT', basic, {
      ...as('manage'),
      body: '{"oldPassword"="manage", "newPassword"="S3cret!"}',
      headers: { 'content-type': 'text/plain' },
    })
    assert.equal(changed.status, 204)
    assert.equal((await connector.call('GET', role, as('manage'))).status, 401)
    assert.equal((await connector.call('GET', role, as('S3cret!'))).json, 'undefined')
  })

  test('until a role is chosen only the common reads work; the role is chosen once, bare or quoted (SCC-023, SCC-024, API1-038, API1-056, API1-057, API1-058, API1-059, API1-062)', async () => {
    const me = as('S3cret!')
    assert.equal((await connector.call('GET', `${configuration}/subaccounts`, me)).status, 403)
    for (const path of [`${configuration}/connector`, '/api/v1/connector/version'])
      assert.equal((await connector.call('GET', path, me)).status, 200)
    assert.equal((await connector.call('POST', role, { ...me, json: 'boss' })).status, 400)
    const bare = { body: 'master', headers: { 'content-type': 'text/plain' } }
    assert.equal((await connector.call('PUT', role, { ...me, ...bare })).status, 204)
    const again = await connector.call('POST', role, { ...me, json: 'master' })
    assert.deepEqual([again.status, again.json.type], [409, 'ILLEGAL_STATE'])
    assert.equal((await connector.call('GET', role, me)).text, '"master"')
    assert.deepEqual((await connector.call('GET', `${configuration}/connector`, me)).json, {
      ha: 'master',
      description: '',
    })
    assert.equal((await connector.call('GET', `${configuration}/subaccounts`, me)).status, 200)
  })

  test('the only user is renamed with the current password, alone, and stays the administrator (SCC-025, SCC-028, API1-106, API1-107, API1-108)', async () => {
    const me = as('S3cret!')
    const put = (json: object) => connector.call('PUT', basic, { ...me, json })
    assert.equal((await put({ password: 'wrong', user: 'ada' })).status, 400)
    for (const together of [
      { newPassword: 'x' },
      { newPassword: '' },
      { oldPassword: 'S3cret!' },
      { oldPassword: 'S3cret!', newPassword: 'x', repeatedPassword: 'x' },
    ]) {
      const refused = await put({ password: 'S3cret!', user: 'ada', ...together })
      assert.deepEqual([refused.status, refused.json.type], [400, 'INVALID_REQUEST'])
    }
    assert.equal((await put({ user: 'ada' })).status, 400)
    assert.equal((await connector.call('GET', role, as('S3cret!', 'ada'))).status, 401)
    assert.equal((await connector.call('GET', role, me)).status, 200)
    assert.equal((await put({ password: 'S3cret!', user: 'a:b' })).status, 400)
    assert.equal((await put({ password: 'S3cret!', user: 'ada' })).status, 204)
    assert.equal((await connector.call('GET', role, me)).status, 401)
    const ada = as('S3cret!', 'ada')
    // Only an administrator may.
    const json = { description: 'by ada' }
    assert.equal((await connector.call('PUT', `${configuration}/connector`, { ...ada, json })).status, 200)
    // The first one is free again as a name, and there is no way to have two.
    assert.equal(
      (await connector.call('PUT', basic, { ...ada, json: { password: 'S3cret!', user: 'Administrator' } })).status,
      204,
    )
    assert.equal((await connector.call('GET', role, ada)).status, 401)
    assert.equal((await connector.call('GET', role, me)).status, 200)
  })

  test('the password is changed with the old one and twice the new one; otherwise nothing changes (SCC-026)', async () => {
    const me = as('S3cret!')
    for (const json of [
      { oldPassword: 'wrong', newPassword: 'new', repeatedPassword: 'new' },
      { oldPassword: 'S3cret!', newPassword: 'new', repeatedPassword: 'New' },
      { oldPassword: 'S3cret!', newPassword: 'new', repeatedPassword: '' },
      { oldPassword: 'S3cret!', repeatedPassword: 'new' },
      { newPassword: 'new', repeatedPassword: 'new' },
      { oldPassword: 'S3cret!', newPassword: '', repeatedPassword: '' },
    ]) {
      const refused = await connector.call('PUT', basic, { ...me, json })
      assert.deepEqual([refused.status, refused.json.type], [400, 'INVALID_REQUEST'], JSON.stringify(json))
      assert.equal((await connector.call('GET', role, me)).status, 200)
      assert.equal((await connector.call('GET', role, as('new'))).status, 401)
    }
    const json = { oldPassword: 'S3cret!', newPassword: 'new', repeatedPassword: 'new' }
    assert.equal((await connector.call('PUT', basic, { ...me, json })).status, 204)
    assert.equal((await connector.call('GET', role, as('new'))).status, 200)
    assert.equal((await connector.call('GET', role, me)).status, 401)
  })
})

describe('who may call', () => {
  const connector = suiteConnector()
  const description = { json: { description: 'plant' } }
  const put = `${configuration}/connector`
  const cookieOf = (answer: Answer): string => String(answer.headers['set-cookie']).split(';')[0] ?? ''

  test('no credentials or wrong ones get 401 with a JSON body, and nothing changes (API1-004, API1-005, API2-002, RC-129)', async () => {
    for (const call of [
      { login: false },
      { password: 'wrong' },
      { login: false, headers: { authorization: 'Bearer x' } },
    ]) {
      const refused = await connector.call('PUT', put, { ...call, ...description })
      assert.equal(refused.status, 401)
      assert.deepEqual(Object.keys(refused.json), ['type', 'message'])
      assert.equal(refused.headers['content-type'], 'application/json')
      assert.match(String(refused.headers['www-authenticate']), /^Basic /)
    }
    assert.equal((await connector.call('GET', put)).json.description, '')
  })

  test('Basic without a cookie needs no CSRF token (RC-126, API1-003, API1-012, API2-021)', async () => {
    for (const headers of [{}, { connection: 'close' }] as const)
      assert.equal((await connector.call('PUT', put, { ...description, headers })).status, 200)
  })

  test('every answer carries the recorded headers, errors included (RC-161)', async () => {
    for (const [path, status] of [
      [put, 200],
      ['/api/v1/configuration/nothing', 404],
    ] as const) {
      const answer = await connector.call('GET', path)
      assert.equal(answer.status, status)
      assert.equal(answer.headers['cache-control'], 'no-store')
      assert.equal(answer.headers['content-type'], 'application/json')
      assert.match(String(answer.headers['strict-transport-security']), /^max-age=\d+$/)
      assert.match(cookieOf(answer), /^JSESSIONID=/)
      assert.ok(answer.headers['x-csrf-token'])
    }
  })

  test('a session works by cookie and changes only with its token (API1-006, API1-007, API2-022)', async () => {
    const first = await connector.call('GET', put)
    const cookie = cookieOf(first)
    const session = { login: false, headers: { cookie } }
    assert.equal((await connector.call('GET', put, session)).status, 200)
    for (const token of [undefined, 'wrong']) {
      const headers = { cookie, ...(token === undefined ? {} : { 'x-csrf-token': token }) }
      const refused = await connector.call('PUT', put, { login: false, headers, json: { description: 'forged' } })
      assert.deepEqual([refused.status, refused.json.type], [403, 'FORBIDDEN_REQUEST'])
    }
    assert.notEqual((await connector.call('GET', put)).json.description, 'forged')
    const headers = { cookie, 'x-csrf-token': String(first.headers['x-csrf-token']) }
    const changed = await connector.call('PUT', put, { login: false, headers, json: { description: 'meant' } })
    assert.equal(changed.json.description, 'meant')
  })

  test('Connection: close yields no token and ends the session; its cookie then gets the log-in page (API1-008, API1-009, API1-010, API2-023, API2-030)', async () => {
    const once = await connector.call('GET', put, { headers: { connection: 'close' } })
    assert.equal(once.headers['x-csrf-token'], undefined)
    const cookie = cookieOf(await connector.call('GET', put))
    await connector.call('GET', put, { login: false, headers: { cookie, connection: 'close' } })
    for (const value of [cookie, 'JSESSIONID=made-up', 'JSESSIONID=a.b']) {
      const page = await connector.call('PUT', put, { login: false, headers: { cookie: value }, ...description })
      assert.equal(page.status, 200)
      assert.match(String(page.headers['content-type']), /^text\/html/)
    }
  })

  test('a page logs in and out with a session of its own', async () => {
    const session = '/api/v1/landbridge/session'
    const wrong = { user: 'Administrator', password: 'x' }
    assert.equal((await connector.call('POST', session, { login: false, json: wrong })).status, 401)
    const right = { user: 'Administrator', password: 'test-pass' }
    const login = await connector.call('POST', session, { login: false, json: right })
    assert.equal(login.status, 204)
    const headers = { cookie: cookieOf(login), 'x-csrf-token': String(login.headers['x-csrf-token']) }
    assert.equal((await connector.call('GET', session, { login: false, headers })).json.user, 'Administrator')
    assert.equal((await connector.call('DELETE', session, { login: false, headers })).status, 204)
    assert.match((await connector.call('GET', session, { login: false, headers })).text, /Please log in/)
  })

  test('a known address with another method is 405, an unknown one 404, both as JSON (API1-021, API1-022, API1-024, API2-024)', async () => {
    const wrong = await connector.call('PATCH', put, description)
    assert.deepEqual([wrong.status, wrong.json.type], [405, 'INVALID_REQUEST'])
    assert.match(wrong.json.message, /GET/)
    const unknown = await connector.call('GET', '/api/v1/configuration/connector/nothing')
    assert.deepEqual([unknown.status, unknown.json.type], [404, 'NOT_FOUND'])
    assert.equal((await connector.call('GET', '/api/v1/configuration/connector/version')).status, 404)
  })

  test('a content type that an operation does not read is 415; a missing one is JSON (API1-019, API2-011, API2-012)', async () => {
    const body = '{"description":"x"}'
    for (const [type, path] of [
      ['application/xml', put],
      ['multipart/form-data; boundary=x', put],
      // Of the settings, only those of a first start may come as plain text.
      ['text/plain', `${put}/proxy`],
    ] as const) {
      const refused = await connector.call('PUT', path, { body, headers: { 'content-type': type } })
      assert.deepEqual([refused.status, refused.json.type], [415, 'INVALID_REQUEST'])
    }
    assert.equal((await connector.call('PUT', put, { body })).status, 200)
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    assert.equal((await connector.call('PUT', put, { body, headers })).status, 200)
  })

  test('the description is a text and nothing else (API1-049, API1-051, API1-052, API1-053)', async () => {
    await connector.call('PUT', put, { json: { description: 'kept' } })
    for (const body of [
      '{"description":null}',
      '{"description":1}',
      '{"description":{}}',
      '{}',
      'null',
      '[]',
      '{"x"',
      '',
    ])
      assert.equal(
        (await connector.call('PUT', put, { body, headers: { 'content-type': 'application/json' } })).status,
        400,
      )
    assert.equal((await connector.call('GET', put)).json.description, 'kept')
    const emptied = await connector.call('PUT', put, { json: { description: '' } })
    assert.equal(emptied.text, '{"ha":"master","description":""}')
  })

  test('the version is readable after log-in and may be cached (RC-125, API1-002, API1-050)', async () => {
    const answer = await connector.call('GET', '/api/v1/connector/version')
    assert.match(answer.json.version, /^2\.\d+/)
    assert.equal(answer.headers['cache-control'], 'max-age=3600')
    assert.equal((await connector.call('GET', '/api/v1/connector/version', { login: false })).status, 401)
    for (const path of [`${configuration}/connector/version`, '/api/v1/connector', '/api/v1/subaccounts'])
      assert.equal((await connector.call('GET', path)).status, 404, path)
  })

  test('the start page answers without log-in and plain HTTP is refused (SCC-009, API1-001)', async () => {
    const page = await connector.call('GET', '/', { login: false })
    assert.equal(page.status, 200)
    assert.match(page.text, /Landbridge Cloud Connector/)
    const { port } = new URL(connector.app.url)
    const plain = await new Promise<string>((resolve) => {
      const sent = httpRequest({ host: '127.0.0.1', port, path: '/' }, ({ statusCode }) =>
        resolve(`status ${statusCode}`),
      )
      sent.on('error', () => resolve('refused')).end()
    })
    assert.equal(plain, 'status 400')
  })

  test('behind a reverse proxy the address of what was created leads back through it (RC-162, API1-027, API2-017)', async () => {
    using own = temporaryFolder()
    const fixed = await startConnector(own.path, undefined, { publicUrl: 'https://cc.example.test/scc1/' })
    const certificate = await certificateForm()
    const url = `${configuration}/connector/onPremise/truststore/certificates`
    const there = await fixed.call('POST', url, certificate)
    assert.match(
      String(there.headers.location),
      /^https:\/\/cc\.example\.test\/scc1\/api\/v1\/configuration\/connector\//,
    )
    await fixed.close()
    const headers = { 'x-forwarded-host': 'proxy.test', 'x-forwarded-proto': 'https', 'x-forwarded-prefix': '/scc2' }
    const here = await connector.call('POST', url, { ...certificate, headers: { ...certificate.headers, ...headers } })
    assert.match(String(here.headers.location), /^https:\/\/proxy\.test\/scc2\/api\/v1\//)
  })

  test('ten wrong passwords make their sender wait, and do not lock out who is logged in (API1-287)', async () => {
    const fail = async (target: RunningConnector) => {
      for (let n = 0; n < 10; n++) await target.call('GET', put, { password: `wrong-${n}` })
    }
    await fail(connector)
    assert.equal((await connector.call('GET', put)).status, 200)
    using own = temporaryFolder()
    const fresh = await startConnector(own.path)
    await fail(fresh)
    assert.equal((await fresh.call('GET', put)).status, 401)
    await fresh.close()
  })
})

async function certificateForm(): Promise<{ body: Buffer; headers: Record<string, string> }> {
  const { LocalCa } = await import('@landbridge/identity')
  const form = new FormData()
  const { certificatePem } = await LocalCa.create({ subject: { CN: 'Root', O: 'Corp' } })
  form.set('certificate', new Blob([certificatePem]), 'certificate.pem')
  const response = new Response(form)
  return {
    body: Buffer.from(await response.arrayBuffer()),
    headers: { 'content-type': response.headers.get('content-type') ?? '' },
  }
}
