import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { runChild, runUntilReady, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { WebSocket, WebSocketServer } from 'ws'
import { createDestination, expose } from './support/administration.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { claimsOf, userToken } from './support/tokens.ts'

/** `LANDBRIDGE_PYTHON` names an interpreter with `sap-cloud-sdk` (`pip install sap-cloud-sdk==0.62.0`). */
const python = process.env.LANDBRIDGE_PYTHON ?? 'python3'
const installed = await runChild(python, ['-c', 'import sap_cloud_sdk.destination']).catch(() => undefined)

const configuration = `
transparentProxy:
  port: 0
  health: { port: 0 }
  destinations:
    - { name: orders, namespace: shop, destinationRef: { name: tp-orders } }
    - { name: gateway, namespace: shop, destinationRef: { name: "*" } }
    - { name: chat, namespace: shop, destinationRef: { name: tp-chat } }
    - { name: echo, namespace: shop, kind: tcp, port: 0, destinationRef: { name: tp-echo } }
`

let folder: ReturnType<typeof temporaryFolder>
let platform: TestPlatform
let backend: Backend
let sockets: WebSocketServer
let command: Awaited<ReturnType<typeof runUntilReady>>
let port: number
let echoPort: number

before(async () => {
  folder = temporaryFolder()
  const file = join(folder.path, 'tp.yaml')
  writeFileSync(file, configuration)
  platform = await startPlatform()
  backend = await startBackend('orders')
  sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(sockets, 'listening')
  sockets.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  )
  const socketPort = (sockets.address() as { port: number }).port
  const none = { Authentication: 'NoAuthentication' }
  await Promise.all([
    expose(platform, { virtualHost: 'tp-orders.virtual', backendPort: backend.port }),
    expose(platform, { virtualHost: 'tp-chat.virtual', backendPort: socketPort, websockets: true }),
  ])
  await createDestination(platform, {
    Name: 'tp-orders',
    URL: 'http://tp-orders.virtual/base',
    ProxyType: 'OnPremise',
    ...none,
  })
  await createDestination(platform, { Name: 'tp-chat', URL: 'http://tp-chat.virtual', ProxyType: 'OnPremise', ...none })
  await createDestination(platform, {
    Name: 'tp-echo',
    Type: 'TCP',
    Address: 'demo-tcp.virtual:9000',
    ProxyType: 'OnPremise',
  })
  command = await runUntilReady(['transparent-proxy', '--json', '--config', file, '--data', platform.dataDirectory])
  const { url, destinations } = JSON.parse(command.output) as {
    url: string
    destinations: readonly { destination: string; address: string }[]
  }
  port = Number(new URL(url).port)
  echoPort = Number(destinations.find(({ destination }) => destination === 'tp-echo')?.address.split(':')[1])
})

after(async () => {
  await command?.stop()
  sockets?.close()
  await backend?.[Symbol.asyncDispose]()
  await platform?.stop()
  folder?.[Symbol.dispose]()
})

async function call(host: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: string) {
  const method = body === undefined ? 'GET' : 'POST'
  const sent = request({ host: '127.0.0.1', port, path, method, headers: { host, ...headers } })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, headers: answer.headers, text: await text(answer) }
}

test('an on-premise system is called by a host name, without a token, a proxy or an SDK (TP-034, TP-039)', async () => {
  const listed = await call('orders.shop', '/list?page=2')
  assert.equal(listed.status, 200, listed.text)
  assert.deepEqual(JSON.parse(listed.text), { system: 'orders', method: 'GET', path: '/base/list?page=2', body: '' })
  assert.equal(backend.seen.at(-1)?.headers.host, 'tp-orders.virtual')
  assert.equal(backend.seen.at(-1)?.headers['proxy-authorization'], undefined)
  const posted = await call('orders.shop.svc.cluster.local', '/new', {}, 'ten bolts')
  assert.equal((JSON.parse(posted.text) as { body: string }).body, 'ten bolts')
})

test('a gateway reaches any destination by the headers of the Python client, in any case (RC-171)', async () => {
  for (const name of ['X-destination-name', 'x-destination-name', 'X-DESTINATION-NAME']) {
    const answer = await call('gateway.shop', '/any', { [name]: 'tp-orders', 'x-destination-level': 'subaccount' })
    assert.equal((JSON.parse(answer.text) as { path: string }).path, '/base/any')
  }
  const missing = await call('gateway.shop', '/', { 'X-Destination-Name': 'tp-orders', 'X-Fragment-Name': 'nothing' })
  assert.deepEqual([missing.status, missing.headers['x-internal-error-code']], [502, '404'])
})

test('the unchanged SAP Cloud SDK for Python calls destinations by the transparent proxy (RC-171)', {
  skip: installed?.status === 0 ? false : `${python} has no sap-cloud-sdk: set LANDBRIDGE_PYTHON`,
}, async () => {
  const { status, stdout, stderr } = await runChild(
    python,
    [join(import.meta.dirname, 'programs/python_transparent_proxy.py'), 'tp-orders'],
    {
      env: {
        APPFND_CONHOS_TRANSP_PROXY: 'gateway.shop',
        // The client calls port 80 of a name of the cluster: here neither leads to this machine.
        http_proxy: `http://127.0.0.1:${port}`,
        NO_PROXY: '',
        CLOUD_SDK_CFG_DESTINATION_DEFAULT_CLIENTID: 'unused',
        CLOUD_SDK_CFG_DESTINATION_DEFAULT_CLIENTSECRET: 'unused',
        CLOUD_SDK_CFG_DESTINATION_DEFAULT_URL: 'https://unused.example',
        CLOUD_SDK_CFG_DESTINATION_DEFAULT_URI: 'https://unused.example',
        CLOUD_SDK_CFG_DESTINATION_DEFAULT_IDENTITYZONE: 'unused',
      },
    },
  )
  assert.equal(status, 0, stderr)
  assert.deepEqual(JSON.parse(stdout), { status: 200, path: '/base/from-python' })
})

test('a user is exchanged for a token of the target, by the real services (TP-055, TP-059, TP-151)', async () => {
  const { url = '', clientid = '', clientsecret = '' } = platform.binding('xsuaa')
  await createDestination(platform, {
    Name: 'tp-user',
    URL: backend.url,
    ProxyType: 'Internet',
    Authentication: 'OAuth2UserTokenExchange',
    clientId: clientid,
    clientSecret: clientsecret,
    tokenServiceURL: `${url}/oauth/token`,
  })
  const jwt = await userToken(platform)
  const answer = await call('gateway.shop', '/me', { 'X-Destination-Name': 'tp-user', Authorization: `Bearer ${jwt}` })
  assert.equal(answer.status, 200, String(answer.headers['x-error-message']))
  const [scheme, token = ''] = String(backend.seen.at(-1)?.headers.authorization).split(' ')
  assert.equal(scheme, 'Bearer')
  assert.notEqual(token, jwt)
  assert.equal(claimsOf(token).user_name, platform.credentials.user.name)
  const foreign = await call('gateway.shop', '/', { 'X-Destination-Name': 'tp-user', Authorization: 'Bearer nonsense' })
  assert.ok(foreign.status !== undefined && foreign.status >= 400)
})

test('a TCP destination is a port; bytes go both ways and the end of one side ends the other (TP-076, TP-150)', async () => {
  const socket = connect(echoPort, '127.0.0.1')
  const sent = Buffer.alloc(300_000, 'bytes of a protocol that is not HTTP ')
  socket.end(sent)
  const received: Buffer[] = []
  for await (const chunk of socket) received.push(chunk as Buffer)
  assert.ok(Buffer.concat(received).equals(sent))
})

test('a WebSocket is opened through transparent proxy, connectivity proxy and tunnel', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/room`, { headers: { host: 'chat.shop' } })
  await once(socket, 'open')
  const big = Buffer.alloc(200_000, 7)
  socket.send(big)
  const [data] = (await once(socket, 'message')) as [Buffer]
  assert.ok(data.equals(big))
  socket.close()
  await once(socket, 'close')
})
