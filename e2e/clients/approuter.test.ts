import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { startPlatform, type TestPlatform } from '@landbridge/testkit'
import { WebSocket, WebSocketServer } from 'ws'
import { createDestination, expose } from './support/administration.ts'
import { type Approuter, startApprouter } from './support/approuter.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { JarClient } from './support/jar-client.ts'
import { claimsOf } from './support/tokens.ts'

let platform: TestPlatform
let backend: Backend
let router: Approuter
let origin: string
let user: JarClient
let chat: Server

before(async () => {
  platform = await startPlatform()
  backend = await startBackend('erp')
  chat = await startChat()
  const { port: chatPort } = chat.address() as AddressInfo
  await expose(platform, { virtualHost: 'erp.virtual', backendPort: backend.port })
  await expose(platform, { virtualHost: 'chat.virtual', backendPort: chatPort, websockets: true })
  const { clientid = '', clientsecret = '', url } = platform.binding('xsuaa')
  const onPremise = { URL: 'http://erp.virtual:80', ProxyType: 'OnPremise' }
  const internet = { URL: backend.url, ProxyType: 'Internet' }
  for (const properties of [
    { Name: 'erp', Authentication: 'NoAuthentication', ...onPremise },
    { Name: 'erp-user', Authentication: 'PrincipalPropagation', ...onPremise },
    { Name: 'basic', Authentication: 'BasicAuthentication', User: 'u', Password: 'p', ...onPremise },
    { Name: 'forward', Authentication: 'NoAuthentication', forwardAuthToken: 'true', ...internet },
    { Name: 'sockets', Authentication: 'NoAuthentication', ...onPremise, URL: 'http://chat.virtual:80' },
    {
      Name: 'sockets-direct',
      Authentication: 'NoAuthentication',
      URL: `http://127.0.0.1:${chatPort}`,
      ProxyType: 'Internet',
    },
    {
      Name: 'technical',
      Authentication: 'OAuth2ClientCredentials',
      ...internet,
      tokenServiceURL: `${url}/oauth/token`,
      clientId: clientid,
      clientSecret: clientsecret,
    },
  ])
    await createDestination(platform, properties)
  router = await startApprouter(platform, { ENABLE_CONNECTIVITY_TOKEN_EXCHANGE_WS: 'true' })
  origin = `http://localhost:${router.port}`
  user = new JarClient(platform.ca)
  const { authorize, back } = await router.logOn(user, `${origin}/erp/orders`, platform.credentials.user)
  assert.equal(authorize.searchParams.get('client_id'), clientid)
  assert.equal(back.url.pathname, '/erp/orders', 'the user comes back to where the login began')
})

after(async () => {
  await router?.[Symbol.asyncDispose]()
  await platform?.stop()
  await backend?.[Symbol.asyncDispose]()
  chat?.closeAllConnections()
  chat?.close()
})

/** A system that echoes messages over WebSocket, with the path that it was asked for. */
async function startChat(): Promise<Server> {
  const server = createServer((_, response) => response.writeHead(426).end())
  new WebSocketServer({ server }).on('connection', (socket, { url }) => {
    socket.on('message', (data, isBinary) => {
      if (isBinary) socket.send(data)
      else socket.send(`${url}: ${data}`)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

async function json(path: string): Promise<ReturnType<typeof JSON.parse>> {
  const page = await user.visit(`${origin}${path}`)
  assert.equal(page.status, 200, `${page.text}\n${router.output()}`)
  return JSON.parse(page.text)
}

const seen = (path: string) => backend.seen.findLast((request) => request.path === path)?.headers ?? {}

test('the unchanged approuter logs a user on and serves routes by destinations: on-premise with and without the user, Basic, and with a token (RC-033, RC-058, RC-063, RC-111, RC-173)', async () => {
  assert.deepEqual(await json('/erp/orders?a=%2Fb'), { system: 'erp', method: 'GET', path: '/orders?a=%2Fb', body: '' })
  assert.equal(seen('/orders?a=%2Fb').host, 'erp.virtual')
  assert.equal(seen('/orders?a=%2Fb')['proxy-authorization'], undefined)
  assert.equal((await json('/erp-user/me')).path, '/me')
  assert.equal(seen('/me')['sap-connectivity-authentication'], undefined)
  assert.equal((await json('/basic/orders')).system, 'erp')
  assert.equal(seen('/orders').authorization, `Basic ${Buffer.from('u:p').toString('base64')}`)
  await json('/technical/api')
  const bearer = seen('/api').authorization ?? ''
  assert.equal(claimsOf(bearer.replace('Bearer ', '')).grant_type, 'client_credentials')
})

test('the unchanged approuter serves a public route without a user (RC-016, RC-052)', async () => {
  const stranger = new JarClient(platform.ca)
  const page = await stranger.visit(`${origin}/public/open`)
  assert.equal(page.status, 200, `${page.text}\n${router.output()}`)
  assert.equal(seen('/open').authorization, `Basic ${Buffer.from('u:p').toString('base64')}`)
})

test('a route with a destination that forwards the token gives it to the application, session after session (RC-173, RFC-123)', async () => {
  for (const path of ['/one', '/two']) {
    await json(`/forward${path}`)
    const claims = claimsOf(String(seen(path).authorization).replace(/^Bearer /i, ''))
    assert.equal(claims.user_name, platform.credentials.user.name)
    assert.equal(claims.client_id, platform.binding('xsuaa').clientid)
    assert.equal(claims.grant_type, 'authorization_code')
  }
})

for (const name of ['sockets', 'sockets-direct'])
  test(`a WebSocket route of the approuter leads to ${name}: text and bytes, and only for who is logged on (RC-173)`, async () => {
    const open = (headers: Readonly<Record<string, string>>) =>
      new WebSocket(`ws://localhost:${router.port}/${name}/room?x=1`, { headers, origin })
    const [refused] = await once(open({}), 'error')
    assert.match(String(refused), /401/)
    const socket = open({ cookie: user.cookies(`localhost:${router.port}`) })
    await once(socket, 'open').catch((failure: unknown) => assert.fail(`${failure}\n${router.output()}`))
    socket.send('hello')
    const [answer] = await once(socket, 'message')
    assert.equal(String(answer), '/room?x=1: hello')
    socket.send(Buffer.from([0, 255, 1]))
    const [bytes] = await once(socket, 'message')
    assert.deepEqual(Buffer.from(bytes), Buffer.from([0, 255, 1]))
    socket.close()
    await once(socket, 'close')
  })

test('logs a user on at the identity issuer of a binding of the service identity, and forwards his token (RC-048)', async () => {
  const parameters = JSON.stringify({ 'oauth2-configuration': { 'redirect-uris': ['http://localhost:*/**'] } })
  await platform.command('service', 'create', 'login', '--service', 'identity', '-c', parameters)
  const credentials = JSON.parse((await platform.command('service', 'bind', 'login')).stdout)
  const identity = { label: 'identity', tags: ['identity'], name: 'login', plan: 'application', credentials }
  const environment = {
    VCAP_SERVICES: JSON.stringify({ identity: [identity] }),
    destinations: JSON.stringify([{ name: 'app', url: backend.url, forwardAuthToken: true }]),
  }
  await using other = await startApprouter(platform, environment, 'approuter-identity')
  const browser = new JarClient(platform.ca)
  const { user: login } = platform.credentials
  const { authorize, back } = await other.logOn(browser, `http://localhost:${other.port}/app/of-identity`, login)
  assert.equal(authorize.origin, credentials.url)
  assert.deepEqual([back.status, back.url.pathname], [200, '/app/of-identity'], `${back.text}\n${other.output()}`)
  const claims = claimsOf(String(seen('/of-identity').authorization).replace(/^bearer /i, ''))
  assert.deepEqual([claims.iss, claims.aud], [credentials.url, credentials.clientid])
})
