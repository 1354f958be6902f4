import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { callJson, type Login, startBrowser, startPlatform, type TestPlatform } from '@landbridge/testkit'
import { expose, operate } from './support/administration.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { claimsOf, technicalToken } from './support/tokens.ts'

const run = promisify(execFile)
const browser = await startBrowser()
const skip = 'unavailable' in browser ? browser.unavailable : false
let platform: TestPlatform
let backend: Backend

before(async () => {
  if (skip) return
  ;[platform, backend] = await Promise.all([startPlatform(), startBackend('plant')])
  await expose(platform, { virtualHost: 'plant.virtual', backendPort: backend.port })
})

after(async () => {
  if ('close' in browser) await browser.close()
  await platform?.stop()
  await backend?.[Symbol.asyncDispose]()
})

test('a browser loads a page, its script and its data through the proxy, with the token as user name (CONN-050, CONN-082, CONN-084)', {
  skip,
}, async () => {
  assert.ok('newContext' in browser)
  const { onpremise_proxy_host: host, onpremise_proxy_http_port: port } = platform.binding('connectivity')
  const username = await technicalToken(platform, 'connectivity')
  const context = await browser.newContext({ proxy: { server: `http://${host}:${port}`, username, password: '' } })
  const page = await context.newPage()
  await page.goto('http://plant.virtual/page')
  const state = page.locator('#state')
  await state.filter({ hasText: 'served by' }).waitFor()
  assert.equal(await state.textContent(), 'served by plant')
  const data = backend.seen.find(({ path }) => path === '/data?from=browser')
  assert.equal(data?.headers.host, 'plant.virtual')
  assert.equal(data?.headers['proxy-authorization'], undefined)
  await context.close()
})

test('a browser without a token gets nothing from the on-premise side (CONN-052)', { skip }, async () => {
  assert.ok('newContext' in browser)
  const { onpremise_proxy_host: host, onpremise_proxy_http_port: port } = platform.binding('connectivity')
  const context = await browser.newContext({ proxy: { server: `http://${host}:${port}` } })
  const page = await context.newPage()
  const answer = await page.goto('http://plant.virtual/secret').catch(() => null)
  assert.ok(answer === null || answer.status() === 407)
  assert.ok(!backend.seen.some(({ path }) => path === '/secret'))
  await context.close()
})

test('a user logs on in the browser and the application gets a code for tokens of that user (RC-031, RC-033, RC-045)', {
  skip,
}, async () => {
  assert.ok('newContext' in browser)
  const callback = `${backend.url}/login/callback`
  const { url, clientid, clientsecret } = await applicationWith(callback)
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  const page = await context.newPage()
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientid,
    redirect_uri: callback,
    state: 's 1',
  })
  await page.goto(`${url}/oauth/authorize?${query}`)
  const { name, password } = platform.credentials.user
  await page.getByLabel('User name or e-mail').fill(name)
  await page.getByLabel('Password').fill('wrong')
  await page.getByRole('button').click()
  await page.getByRole('alert').waitFor()
  await page.getByLabel('Password').fill(password)
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/login.png` })
  await page.getByRole('button').click()
  await page.waitForURL(`${callback}?**`)
  const { searchParams } = new URL(page.url())
  assert.equal(searchParams.get('state'), 's 1')
  const tokens = await callJson({
    method: 'POST',
    url: `${url}/oauth/token`,
    ca: platform.ca,
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: searchParams.get('code') ?? '',
      redirect_uri: callback,
      client_id: clientid,
      client_secret: clientsecret,
    }),
  })
  assert.equal(tokens.status, 200, tokens.text)
  const claims = claimsOf(tokens.json.access_token)
  assert.equal(claims.user_name, name)
  assert.ok(tokens.json.refresh_token)
  await context.close()
})

test('the destination service shows its interface to a browser, and the command of an operation works as it is copied', {
  skip,
}, async (t) => {
  assert.ok('newContext' in browser)
  const context = await browser.newContext()
  t.after(() => context.close())
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => problems.push(message.text()))
  const { uri = '' } = platform.binding('destination')
  await page.goto(`${uri}/api-docs`)
  await page.getByRole('link', { name: 'Destinations', exact: true }).click()
  const operation = page.locator('details', { hasText: '/v1/subaccountDestinations List destinations' })
  const command = operation.locator('pre.command')
  assert.equal(await command.isVisible(), false)
  await operation.locator('summary').click()
  await command.click()
  // One click selects all of it.
  const selected = await page.evaluate<string>('String(getSelection())')
  assert.equal(selected, await command.textContent())
  await operation.getByRole('rowheader', { name: '$pageSize' }).waitFor()
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/api-docs.png` })
  assert.deepEqual(problems, [])
  const env = { ...process.env, URL: uri, TOKEN: await technicalToken(platform, 'destination') }
  const { stdout } = await run('sh', ['-c', `${selected} -sS`], { env })
  assert.ok(
    (JSON.parse(stdout) as { Name: string }[]).some(({ Name }) => Name === 'demo-backend'),
    stdout,
  )
})

test('a user logs on at the page below token_service_url and reads a passcode that the connector takes (SCC-074, SCC-075, SCC-077)', {
  skip,
}, async () => {
  assert.ok('newContext' in browser)
  const subaccount = platform.binding('xsuaa').subaccountid ?? ''
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  const page = await context.newPage()
  await page.goto(`${platform.binding('connectivity').token_service_url}/passcode`)
  const asked = page.getByLabel('Subdomain or ID of the subaccount')
  // Where this machine does not resolve the names of tenants, the address names none.
  if (await asked.isVisible()) {
    await asked.fill(subaccount)
    await page.getByRole('button').click()
  }
  const { name, password } = platform.credentials.administrator
  await page.getByLabel('User name or e-mail').fill(name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button').click()
  const code = page.locator('#passcode')
  await code.waitFor()
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/passcode.png` })
  const { connector } = platform.credentials
  const [known] = (await connectorCall('GET', '', connector)).json
  const renewed = await connectorCall('POST', `/${known.regionHost}/${known.subaccount}/validity`, connector, {
    user: '$SAP-CP-SSO-PASSCODE$',
    password: await code.textContent(),
  })
  assert.equal(renewed.status, 200, renewed.text)
  assert.equal(renewed.json.tunnel.user, name)
  await context.close()
})

function connectorCall(method: string, path: string, { name, password }: Login, body?: object) {
  return callJson({
    method,
    url: new URL(`/api/v1/configuration/subaccounts${path}`, platform.address('cloud-connector')),
    headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` },
    ca: platform.connectorCa,
    ...(body === undefined ? {} : { body }),
  })
}

/** A web application whose logins come back to the address. */
async function applicationWith(redirectUri: string): Promise<{ url: string; clientid: string; clientsecret: string }> {
  const subaccount = platform.binding('xsuaa').subaccountid
  const parameters = { xsappname: 'web', 'oauth2-configuration': { 'redirect-uris': [redirectUri] } }
  const instance = await operate(platform, 'POST', `/subaccounts/${subaccount}/serviceInstances`, {
    service: 'xsuaa',
    plan: 'application',
    name: 'web-uaa',
    parameters,
  })
  const binding = await operate(platform, 'POST', `/serviceInstances/${instance.id}/bindings`, { name: 'key' })
  return binding.credentials
}
