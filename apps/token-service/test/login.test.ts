import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { Browser } from './browser.ts'
import { ann, claimsOf, password, startTestService, tenants } from './test-service.ts'

const service = await startTestService()
after(() => service.close())
const host = `sub1.${service.app.uaaDomain}`
const callback = 'https://app.test/login/callback'

function authorizePath(change: Readonly<Record<string, string>> = {}): string {
  const query = { response_type: 'code', client_id: 'sb-app!t1', redirect_uri: callback, state: 'a&b=c', ...change }
  return `/oauth/authorize?${new URLSearchParams(query)}`
}

async function loggedIn(): Promise<Browser> {
  const browser = new Browser(service, host)
  const page = await browser.get(authorizePath())
  assert.equal((await browser.submit(page.text, { username: ann.userName, password })).status, 303)
  return browser
}

async function codeOf(browser: Browser, change: Readonly<Record<string, string>> = {}): Promise<string> {
  const answer = await browser.get(authorizePath(change))
  assert.equal(answer.status, 302)
  return new URL(answer.headers.location ?? '').searchParams.get('code') ?? ''
}

function redeem(code: string, change: Readonly<Record<string, string>> = {}) {
  return service.token({ grant_type: 'authorization_code', code, redirect_uri: callback, ...change })
}

test('a browser logs in by the form and the application redeems the code (RC-031, RC-033)', async () => {
  const browser = new Browser(service, host)
  const page = await browser.get(authorizePath({ login_hint: ann.userName }))
  assert.equal(page.status, 200)
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/)
  assert.match(page.text, /<html lang="en">/)
  assert.match(page.text, /<label for="username">[\s\S]*<label for="password">/)
  assert.match(page.text, /value="ann@example\.test"/)
  const posted = await browser.submit(page.text, { username: ann.userName, password })
  assert.equal(posted.status, 303)
  const back = await browser.get(posted.headers.location ?? '')
  assert.equal(back.status, 302)
  const target = new URL(back.headers.location ?? '')
  assert.equal(target.origin + target.pathname, callback)
  assert.equal(target.searchParams.get('state'), 'a&b=c')
  const { status, json } = await redeem(target.searchParams.get('code') ?? '')
  assert.equal(status, 200)
  assert.equal(claimsOf(json.access_token).user_name, ann.userName)
  assert.equal(claimsOf(json.access_token).grant_type, 'authorization_code')
  assert.equal(typeof json.refresh_token, 'string')
})

test('a browser that is logged in gets a code at once, until it logs off or the session ends (RC-034)', async () => {
  const browser = await loggedIn()
  assert.notEqual(await codeOf(browser), '')
  const off = await browser.get(`/logout.do?${new URLSearchParams({ client_id: 'sb-app!t1', redirect: callback })}`)
  assert.deepEqual([off.status, off.headers.location], [302, callback])
  assert.equal((await browser.get(authorizePath())).status, 200)
  assert.match((await browser.get(authorizePath({ prompt: 'none' }))).headers.location ?? '', /error=login_required/)
  const later = await loggedIn()
  service.clock.advance(28_800_000)
  assert.equal((await later.get(authorizePath())).status, 200)
})

test('a user who was removed is logged off everywhere', async () => {
  const browser = await loggedIn()
  service.users.users.delete(ann.id)
  assert.equal((await browser.get(authorizePath())).status, 200)
  service.users.users.set(ann.id, ann)
})

test('a session of one subaccount is none in another', async () => {
  const browser = await loggedIn()
  const elsewhere = { host: `sub2.${service.app.uaaDomain}`, headers: browser.headers }
  assert.equal((await service.get(authorizePath(), elsewhere)).status, 200)
  assert.equal(
    (await service.get(authorizePath({ zid: tenants[1]!.id }), { host, headers: browser.headers })).status,
    200,
  )
})

test('neither login nor logout leads to an address that the client did not register', async () => {
  const browser = await loggedIn()
  for (const target of [
    'https://evil.test/',
    'https://app.test/other',
    'https://app.test@evil.test/login/callback',
    'https://app.test/login/callback#x',
    'javascript:alert(1)',
    '//evil.test',
    '',
  ]) {
    const refused = await browser.get(authorizePath({ redirect_uri: target }))
    assert.equal(refused.status, 400, target)
    assert.equal(refused.headers.location, undefined)
    const query = new URLSearchParams({ client_id: 'sb-app!t1', redirect: target })
    const off = await service.get(`/logout.do?${query}`, { host })
    assert.equal(off.status, 200, target)
    assert.equal(off.headers.location, undefined)
  }
  assert.equal((await browser.get(authorizePath({ client_id: 'nobody' }))).status, 400)
  const posted = await browser.submit((await new Browser(service, host).get(authorizePath())).text, {
    username: 'x',
    password: 'y',
  })
  assert.equal(posted.status, 403, 'a form of another browser')
})

test('a form without its cookie, out of date or made up is refused and sets no session', async () => {
  const { text } = await new Browser(service, host).get(authorizePath())
  const login = { username: ann.userName, password }
  assert.equal((await new Browser(service, host).submit(text, login)).status, 403)
  const browser = new Browser(service, host)
  const old = await browser.get(authorizePath())
  service.clock.advance(3_600_000)
  assert.equal((await browser.submit(old.text, login)).status, 403)
  assert.equal((await browser.submit(old.text, { ...login, form_token: 'x.v1.AAAA' })).status, 403)
})

test('a wrong password shows the form again with the reason, and markup in the name stays text', async () => {
  const browser = new Browser(service, host)
  const page = await browser.get(authorizePath())
  const answer = await browser.submit(page.text, { username: '"><script>alert(1)</script>', password: 'wrong' })
  assert.equal(answer.status, 401)
  assert.match(answer.text, /role="alert"/)
  assert.ok(!answer.text.includes('<script>'))
  const again = await browser.submit(answer.text, { username: ann.userName, password })
  assert.equal(again.status, 303)
})

test('a code works once, for its client, its address and a short time', async () => {
  const browser = await loggedIn()
  const code = await codeOf(browser)
  assert.equal((await redeem(code, { redirect_uri: 'https://app.test/other' })).json.error, 'invalid_grant')
  const other = { client_id: 'sb-clone1!b2|destination-xsappname!b3', client_secret: 's2' }
  assert.equal((await redeem(code, other)).json.error, 'invalid_grant')
  assert.equal((await redeem(code, { code_verifier: 'x' })).json.error, 'invalid_grant')
  const answers = await Promise.all([redeem(code), redeem(code), redeem(code)])
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 400, 400])
  const late = await codeOf(browser)
  service.clock.advance(120_000)
  assert.match((await redeem(late)).json.error_description, /expired/)
  assert.equal((await redeem('made.up')).json.error, 'invalid_grant')
})

test('a code with a challenge needs the verifier, and only the method S256 is accepted', async () => {
  const browser = await loggedIn()
  const verifier = 'v'.repeat(43)
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const code = await codeOf(browser, { code_challenge: challenge, code_challenge_method: 'S256' })
  assert.equal((await redeem(code)).json.error, 'invalid_grant')
  assert.equal((await redeem(code, { code_verifier: 'w'.repeat(43) })).json.error, 'invalid_grant')
  assert.equal((await redeem(code, { code_verifier: verifier })).status, 200)
  const plain = await browser.get(authorizePath({ code_challenge: verifier }))
  assert.match(plain.headers.location ?? '', /error=invalid_request/)
  const implicit = await browser.get(authorizePath({ response_type: 'token' }))
  assert.match(
    implicit.headers.location ?? '',
    /^https:\/\/app\.test\/login\/callback\?error=unsupported_response_type&state=/,
  )
})

test('the form is there without an application, and says who logged on', async () => {
  const browser = new Browser(service, host)
  const page = await browser.get('/login')
  const answer = await browser.submit(page.text, { username: ann.userName, password })
  assert.equal(answer.status, 200)
  assert.match(answer.text, /You are ann@example\.test/)
  assert.match((await service.get('/login')).text, /address of your subaccount/)
})
