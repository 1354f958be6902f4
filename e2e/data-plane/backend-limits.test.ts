import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DataPlane, mapping, resource, startHttpBackend, startHttpsBackend, testAuthority } from '@landbridge/testkit'
import { send } from './backend-calls.ts'

test('a header section of more than 64 KiB is answered 431 with the limit, a smaller one reaches the system (SCC-225)', async () => {
  const sizes: number[] = []
  const backend = await startHttpBackend((request, response) => {
    sizes.push(request.rawHeaders.length)
    response.end('ok')
  })
  backend.server.maxHeadersCount = 0
  await using plane = await DataPlane.start({ connector: { mappings: [mapping('web', backend.port)] } })
  plane.defer(() => backend.close())
  const lines = (count: number): string[] => Array.from({ length: count }, (_, n) => `X-Long-${n}: ${'v'.repeat(1000)}`)
  const answer = await send(plane, { url: 'web:80/', lines: lines(70) })
  assert.equal(answer.statusLine, 'HTTP/1.1 431 Request Header Fields Too Large')
  assert.equal(answer.header('x-landbridge-error'), 'HEAD_TOO_LARGE')
  assert.match(answer.body.toString(), /more than 65536 bytes/)
  assert.equal(sizes.length, 0)
  await send(plane, { url: 'web:80/', lines: lines(10) })
  assert.equal(sizes.length, 1)
})

test('the name of the internal host goes to the system as SNI, an address does not (SCC-227)', async () => {
  const ca = await testAuthority()
  const issued = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
  const names: (string | false)[] = []
  const backend = await startHttpsBackend(issued, (_request, response) => response.end('ok'))
  backend.server.on('secureConnection', (socket: { servername: string | false }) => names.push(socket.servername))
  const https = { protocol: 'HTTPS' as const }
  const mappings = [
    mapping('named', backend.port, { ...https, internalHost: 'localhost' }),
    mapping('numbered', backend.port, { ...https, internalHost: '127.0.0.1' }),
  ]
  const trust = { trustAllBackends: false, certificates: [ca.certificatePem] }
  await using plane = await DataPlane.start({ connector: { mappings, trust } })
  plane.defer(() => backend.close())
  for (const host of ['named', 'numbered']) assert.equal((await send(plane, { url: `${host}:80/` })).status, 200)
  assert.deepEqual(names, ['localhost', false])
})

test('a resource may hold # and the parameters of several origins, and an address may have 8,000 characters (SCC-228)', async () => {
  const backend = await startHttpBackend((request, response) => response.end(request.url))
  const resources = ['/a#b', '/sap/opu/odata/IWBEP/GWDEMO;o=GM6_110;mo/', '/long'].map((id) => resource(id))
  await using plane = await DataPlane.start({ connector: { mappings: [mapping('web', backend.port, { resources })] } })
  plane.defer(() => backend.close())
  for (const path of ['/a%23b/c', '/sap/opu/odata/IWBEP/GWDEMO;o=GM6_110;mo/Set', `/long/${'x'.repeat(7900)}?q=1`]) {
    const answer = await send(plane, { url: `web:80${path}` })
    assert.deepEqual([answer.status, answer.body.toString()], [200, path])
  }
  for (const path of ['/a', '/a%2523b', '/a%24b'])
    assert.equal((await send(plane, { url: `web:80${path}` })).status, 403)
})
