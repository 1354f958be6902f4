import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { StreamKind } from '@landbridge/tunnel'
import { type FakeTunnel, openExchange } from './fake-cloud-proxy.ts'
import { configuration, form, subaccountPath } from './running-connector.ts'
import { Scene } from './scene.ts'

const mappings = `${subaccountPath}/systemMappings`
const truststore = `${configuration}/connector/onPremise/truststore`

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Answers with its name and the host headers it saw. */
function backend(name: string, tls?: { key: string; cert: string }): Server {
  const answer: Parameters<typeof createServer>[1] = (request, response) =>
    response.end(`${name} host=${request.headers.host} forwarded=${request.headers['x-forwarded-host']}`)
  return tls === undefined ? createServer(answer) : createTlsServer(tls, answer)
}

describe('changes count for the next request of an open tunnel', () => {
  let scene: Scene
  let tunnel: FakeTunnel
  const servers: Server[] = []
  before(async () => {
    scene = await Scene.start()
    await scene.pair()
    tunnel = await scene.openTunnel()
  })
  after(async () => {
    await scene[Symbol.asyncDispose]()
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  })

  const start = async (name: string, tls?: { key: string; cert: string }): Promise<number> => {
    const server = backend(name, tls)
    servers.push(server)
    return listen(server)
  }
  const call = async (method: string, path: string, json?: object): Promise<void> => {
    const { status, text } = await scene.connector.call(method, path, json === undefined ? {} : { json })
    assert.ok(status < 300, `${method} ${path}: ${status} ${text}`)
  }
  /** Status and body of a request through the tunnel. */
  const ask = async (port: number, path: string): Promise<string> => {
    const head = `GET ${path} HTTP/1.1\r\nHost: erp.virtual:${port}\r\n\r\n`
    const text = (await openExchange(tunnel, StreamKind.http, 'erp.virtual', port, head).ended).toString()
    return `${/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]} ${text.slice(text.indexOf('\r\n\r\n') + 4)}`
  }

  test('a mapping admits nobody until a resource is enabled, and leads where it was last told (RFC-172, API1-260, API1-274, API1-278, API2-058, API2-059, API2-077)', async () => {
    const [first, second] = [await start('first'), await start('second')]
    assert.match(await ask(80, '/a'), /^403 /)
    const path = await scene.expose(80, first, 'HTTP')
    assert.match(await ask(80, '/a'), /^403 /)
    await call('POST', `${path}/resources`, { id: '/a' })
    assert.match(await ask(80, '/a'), /^403 /)
    await call('PUT', `${path}/resources/-a`, { enabled: true })
    assert.match(await ask(80, '/a'), /^200 .*first/s)
    const mapping = (await scene.connector.call('GET', path)).json
    await call('PUT', path, { ...mapping, localPort: String(second) })
    assert.match(await ask(80, '/a'), /^200 .*second/s)
    await call('PUT', `${path}/resources/-a`, { enabled: false })
    assert.match(await ask(80, '/a'), /^403 /)
    await call('PUT', `${path}/resources/-a`, { enabled: true })
    await call('DELETE', path)
    assert.match(await ask(80, '/a'), /^403 /)
    assert.equal(scene.cloud.tunnels.length, 1)
  })

  test('an exact resource is one path whatever the query, another one all that begins with it (API1-275, API2-078)', async () => {
    const path = await scene.expose(81, await start('x'), 'HTTP')
    await call('POST', `${path}/resources`, { id: '/one', enabled: true, exactMatchOnly: true })
    await call('POST', `${path}/resources`, { id: '/production/accounting', enabled: true })
    for (const [target, status] of [
      ['/one', 200],
      ['/one?a=/two', 200],
      ['/one/more', 403],
      ['/oneself', 403],
      ['/two?a=/one', 403],
      ['/production/accounting', 200],
      ['/production/accounting/x', 200],
      ['/production/accounting-plus-more', 200],
      ['/production', 403],
    ] as const)
      assert.match(await ask(81, target), new RegExp(`^${status} `), target)
    await call('DELETE', path)
  })

  test('the backend sees the internal host and where the request came to, or the virtual host (API1-258, API2-060)', async () => {
    const port = await start('x')
    const path = await scene.expose(82, port, 'HTTP')
    await call('POST', `${path}/resources`, { id: '/', enabled: true })
    assert.match(await ask(82, '/'), /host=erp\.virtual:82 /)
    const mapping = (await scene.connector.call('GET', path)).json
    await call('PUT', path, { ...mapping, hostInHeader: 'INTERNAL' })
    assert.match(await ask(82, '/'), new RegExp(`host=127\\.0\\.0\\.1:${port} forwarded=erp\\.virtual:82`))
    await call('DELETE', path)
  })

  test('a TLS backend needs an authority of the truststore unless all are trusted (SCC-142, API1-153, API1-154, API1-155)', async () => {
    const [ours, others] = [
      await LocalCa.create({ subject: { CN: 'Ours' } }),
      await LocalCa.create({ subject: { CN: 'Others' } }),
    ]
    const names = { dnsNames: ['localhost'], days: 1 }
    for (const [virtualPort, ca] of [
      [443, ours],
      [444, others],
    ] as const) {
      const localPort = String(await start('tls', await ca.issueServer(names)))
      await call('POST', mappings, {
        ...{ virtualHost: 'erp.virtual', virtualPort, localHost: 'localhost', localPort },
        ...{ protocol: 'HTTPS', backendType: 'nonSAPsys' },
      })
      await call('POST', `${mappings}/erp.virtual:${virtualPort}/resources`, { id: '/', enabled: true })
    }
    const statuses = async () => [(await ask(443, '/')).slice(0, 1), (await ask(444, '/')).slice(0, 1)]
    assert.deepEqual(await statuses(), ['5', '5'])
    const upload = form({ certificate: ours.certificatePem })
    assert.equal((await scene.connector.call('POST', `${truststore}/certificates`, upload)).status, 201)
    assert.deepEqual(await statuses(), ['2', '5'])
    await call('PATCH', truststore, { trustAllBackends: true })
    assert.deepEqual(await statuses(), ['2', '2'])
    await call('DELETE', `${truststore}/certificates`)
    assert.deepEqual(await statuses(), ['2', '2'])
    await call('PATCH', truststore, { trustAllBackends: false })
    assert.deepEqual(await statuses(), ['5', '5'])
  })

  test('an import counts for the next request, and a download of another mapping goes on', async () => {
    await call('DELETE', mappings)
    let finish = (): void => {}
    const slow = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': 6 }).write('abc')
      finish = () => void response.end('def')
    })
    servers.push(slow)
    const path = await scene.expose(85, await start('first'), 'HTTP')
    await call('POST', `${path}/resources`, { id: '/', enabled: true })
    const exported = await scene.connector.call('GET', `${subaccountPath}/accessControl/export`)
    await call('PUT', path, {
      ...(await scene.connector.call('GET', path)).json,
      localPort: String(await start('second')),
    })
    const other = await scene.expose(86, await listen(slow), 'HTTP')
    await call('POST', `${other}/resources`, { id: '/', enabled: true })
    const head = 'GET / HTTP/1.1\r\nHost: erp.virtual:86\r\n\r\n'
    const download = openExchange(tunnel, StreamKind.http, 'erp.virtual', 86, head)
    await download.received(1)
    assert.match(await ask(85, '/'), /second/)
    const upload = form({ archive: Buffer.from(exported.text, 'latin1'), overwrite: 'true' })
    const { status, json } = await scene.connector.call('POST', `${subaccountPath}/accessControl/import`, upload)
    assert.deepEqual([status, json.systemMappings], [200, { created: [], replaced: ['erp.virtual:85'], kept: [] }])
    assert.match(await ask(85, '/'), /first/)
    finish()
    assert.match((await download.ended).toString(), /\r\n\r\nabcdef$/)
    assert.equal(scene.cloud.tunnels.length, 1)
  })
})
