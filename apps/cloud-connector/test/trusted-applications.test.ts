import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { AuditEntry } from '@landbridge/connector'
import { StreamKind } from '@landbridge/tunnel'
import { openExchange } from './fake-cloud-proxy.ts'
import { subaccountPath } from './running-connector.ts'
import { Scene } from './scene.ts'

const list = `${subaccountPath}/trustedApplications`

test('with an empty list every application may use the tunnel, with entries only those may, from the next request on (SCC-138, RFC-172)', async () => {
  await using scene = await Scene.start()
  await scene.pair()
  const backend = createServer((_request, response) => response.end('x'))
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  const { port } = backend.address() as AddressInfo
  const path = await scene.expose(80, port, 'HTTP')
  await scene.expose(81, port, 'TCP')
  const call = (method: string, at: string, json?: object) =>
    scene.connector.call(method, at, json === undefined ? {} : { json })
  await call('POST', `${path}/resources`, { id: '/', enabled: true })
  const tunnel = await scene.openTunnel()
  // The client of these streams is sb-test.
  const get = async (method = 'GET'): Promise<string> => {
    const head = `${method} /a HTTP/1.1\r\nHost: erp.virtual:80\r\n\r\n`
    return (await openExchange(tunnel, StreamKind.http, 'erp.virtual', 80, head).ended).toString()
  }
  const connect = async (kind: typeof StreamKind.tcp | typeof StreamKind.rfc): Promise<number | undefined> => {
    const exchange = openExchange(tunnel, kind, 'erp.virtual', 81, '')
    const status = (await exchange.received(1))[0]
    exchange.stream.reset()
    return status
  }
  const put = async (applications: unknown): Promise<number> => (await call('PUT', list, { applications })).status
  try {
    assert.deepEqual((await call('GET', list)).json, { applications: [] })
    assert.match(await get(), /^HTTP\/1\.1 200 /)
    assert.equal(await connect(StreamKind.tcp), 0)

    assert.equal(await put(['sb-other', 'sb-other']), 204)
    // Nothing is no empty list, which would let all in.
    assert.equal(await put(null), 400)
    assert.deepEqual((await call('GET', list)).json, { applications: ['sb-other'] })
    const refused = await get()
    assert.match(refused, /^HTTP\/1\.1 403 .*^X-Landbridge-Error: APPLICATION_NOT_TRUSTED$/ms)
    assert.match(refused, /may not use this Cloud Connector \(sb-test\)\.\nOn-premise administrator: add its client ID/)
    assert.ok((await get('HEAD')).endsWith('\r\n\r\n'))
    assert.equal(await connect(StreamKind.tcp), 2)
    assert.equal(await connect(StreamKind.rfc), 2)

    assert.equal(await put(['sb-other', 'sb-test']), 204)
    assert.match(await get(), /^HTTP\/1\.1 200 /)
    assert.equal(await connect(StreamKind.tcp), 0)
    for (const wrong of [[7], ['a b'], [''], ['x'.repeat(201)], 'sb-test', { 0: 'sb-test' }, Array(1001).fill('x')])
      assert.equal(await put(wrong), 400, JSON.stringify(wrong).slice(0, 50))
    assert.equal((await call('PUT', list, {})).status, 400)
    assert.equal(await put([]), 204)
    assert.match(await get(), /^HTTP\/1\.1 200 /)

    const trail: AuditEntry[] = (await call('GET', '/api/v1/landbridge/audit')).json
    const changes = trail.filter(({ category }) => category === 'ApplicationTrust')
    assert.equal(changes.length, 3)
    await put(['sb-other'])
    await scene.restart()
    assert.deepEqual((await call('GET', list)).json, { applications: ['sb-other'] })
  } finally {
    backend.closeAllConnections()
    backend.close()
  }
})
