import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Browser } from './browser.ts'
import { ann, password, startTestService, tenants } from './test-service.ts'

let made = 0
const service = await startTestService({
  config: { passcodeSeconds: 300 },
  newPasscode: ({ tenantId, userId, lifetimeMs }) => ({
    text: `${tenantId}/${userId}/${++made}<&>`,
    expiresAtMs: service.clock.now() + lifetimeMs,
  }),
})
after(() => service.close())
const host = `sub1.${service.app.uaaDomain}`
const codeOf = (page: string): string => /<code id="passcode"[^>]*>([^<]+)<\/code>/.exec(page)?.[1] ?? ''
const shown = (number: number): string => `${tenants[0]!.id}/${ann.id}/${number}&lt;&amp;&gt;`

async function loggedIn(): Promise<Browser> {
  const browser = new Browser(service, host)
  const form = await browser.get('/passcode')
  const posted = await browser.submit(form.text, { username: ann.userName, password })
  assert.deepEqual([posted.status, posted.headers.location], [303, '/passcode'])
  return browser
}

test('whoever is not logged in gets the login form, then a code, and a new one with every visit (SCC-075)', async () => {
  made = 0
  const browser = new Browser(service, host)
  const form = await browser.get('/passcode')
  assert.equal(form.status, 200)
  assert.match(form.text, /<h1>Log on<\/h1>/)
  assert.equal(codeOf(form.text), '')
  const wrong = await browser.submit(form.text, { username: ann.userName, password: 'wrong' })
  assert.equal(wrong.status, 401)
  const posted = await browser.submit(wrong.text, { username: ann.userName, password })
  assert.deepEqual([posted.status, posted.headers.location], [303, '/passcode'])
  assert.equal(made, 0)
  const page = await browser.get('/passcode')
  assert.equal(page.status, 200)
  assert.equal(codeOf(page.text), shown(1))
  assert.match(page.text, /\$SAP-CP-SSO-PASSCODE\$/)
  assert.equal(page.headers['cache-control'], 'no-store')
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/)
  assert.ok(!page.text.includes('<script'))
  assert.equal(codeOf((await browser.get('/passcode')).text), shown(2))
})

test('a session that ended, or that of another subaccount, shows no code', async () => {
  const browser = await loggedIn()
  for (const path of [`/passcode?zid=${tenants[1]!.id}`, '/passcode?subaccount=sub2']) {
    const answer = await browser.get(path)
    assert.equal(codeOf(answer.text), '')
  }
  await browser.get('/logout.do')
  assert.match((await browser.get('/passcode')).text, /<h1>Log on<\/h1>/)
})

test('a user gets five codes at once and then one every twenty seconds', async () => {
  service.clock.advance(600_000)
  const browser = await loggedIn()
  for (let n = 0; n < 5; n++) assert.equal((await browser.get('/passcode')).status, 200)
  const refused = await browser.get('/passcode')
  assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '20'])
  assert.match(refused.text, /come back in 20 seconds/)
  service.clock.advance(20_000)
  assert.equal((await browser.get('/passcode')).status, 200)
  assert.equal((await browser.get('/passcode')).status, 429)
})

test('where the address names no subaccount the page asks for it, by subdomain or ID', async () => {
  const asking = await service.get('/passcode')
  assert.match(asking.text, /<form method="get" action="\/passcode">/)
  for (const name of ['sub1', tenants[0]!.id]) {
    const { status, headers } = await service.get(`/passcode?subaccount=${name}`)
    assert.deepEqual([status, headers.location], [303, `/passcode?zid=${tenants[0]!.id}`])
  }
  const browser = new Browser(service, service.app.uaaDomain)
  const form = await browser.get(`/passcode?zid=${tenants[0]!.id}`)
  const posted = await browser.submit(form.text, { username: ann.userName, password })
  assert.equal(posted.headers.location, `/passcode?zid=${tenants[0]!.id}`)
  service.clock.advance(600_000)
  assert.notEqual(codeOf((await browser.get(posted.headers.location ?? '')).text), '')
  for (const path of ['/passcode?subaccount=%3Cscript%3E', '/passcode?zid=nobody']) {
    const unknown = await service.get(path)
    assert.equal(unknown.status, 404)
    assert.match(unknown.text, /role="alert">There is no such subaccount/)
  }
  assert.equal((await service.get('/passcode', { host: `nobody.${service.app.uaaDomain}` })).status, 404)
  assert.equal((await service.get('/passcode?zid=a&zid=b')).status, 400)
})

test('an installation without pairing codes says so', async () => {
  const bare = await startTestService()
  const answer = await bare.get('/passcode', { host })
  assert.equal(answer.status, 404)
  assert.match(answer.text, /No passcodes/)
  await bare.close()
})
