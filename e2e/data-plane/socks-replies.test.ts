import assert from 'node:assert/strict'
import { test } from 'node:test'
import { socks5AuthRequest, socks5ConnectRequest, socks5Greeting } from '@landbridge/socks5'
import { DataPlane, freePort, mapping, startWireBackend, tcpMapping } from '@landbridge/testkit'
import { conversation, opening, replies } from './socks-talk.ts'

test('a target without a TCP mapping is refused with 02 and dialled by nobody (CONN-107, CONN-116, CONN-117, CP-085)', async () => {
  await using plane = await DataPlane.start()
  const backend = await startWireBackend()
  plane.defer(() => backend.close())
  plane.connector.expose([mapping('web.virtual', backend.port)])
  assert.equal(await conversation(plane, await opening(plane, { host: 'web.virtual', port: 80 })), replies(2))
  assert.equal(await conversation(plane, await opening(plane, { host: 'localhost', port: backend.port })), replies(2))
  assert.equal(await conversation(plane, await opening(plane, { host: '127.0.0.1', port: backend.port })), replies(2))
  assert.equal(backend.accepted, 0)
})

test('no connector, another location and a backend that is down have their own replies (CONN-108, CONN-109, CONN-114)', async () => {
  await using plane = await DataPlane.start({
    connector: { mappings: [tcpMapping('tcp.virtual', 9000, await freePort())] },
  })
  assert.equal(await conversation(plane, await opening(plane)), replies(4))
  assert.equal(await conversation(plane, await opening(plane, { port: 9001 })), replies(2))
  assert.equal(await conversation(plane, await opening(plane, { locationId: 'plant-8' })), replies(3))
  const token = await plane.token({ tenant: 'globex' })
  assert.equal(await conversation(plane, await opening(plane, { token })), replies(3))
})

test('a missing, expired or foreign token is answered 01 05 and the connection closed (CONN-100, CP-078)', async () => {
  await using plane = await DataPlane.start()
  const tokens = [
    '',
    await plane.token({ lifeSeconds: -3600 }),
    await plane.token({ clientId: 'sb-other' }),
    await plane.token({ issuer: 'https://elsewhere.example/oauth/token' }),
  ]
  for (const token of tokens) assert.equal(await conversation(plane, await opening(plane, { token })), '05800105')
  assert.equal(plane.requests.length, 0)
})

test('methods, versions, lengths and encodings that are not ours end the handshake (CP-075, CP-077, CP-079, CP-080)', async () => {
  await using plane = await DataPlane.start()
  assert.equal(await conversation(plane, Buffer.from('05020002', 'hex')), '05ff')
  assert.equal(await conversation(plane, Buffer.from('04018000', 'hex')), '')
  assert.equal(await conversation(plane, Buffer.from('05018002', 'hex')), '05800105')
  assert.equal(await conversation(plane, Buffer.from('05018001ffffffff', 'hex')), '05800105')
  const badLocation = Buffer.concat([
    socks5Greeting(),
    socks5AuthRequest(await plane.token()).subarray(0, -1),
    Buffer.from('\x04!!!!', 'latin1'),
  ])
  assert.equal(await conversation(plane, badLocation), '05800105')
})

test('BIND and UDP ASSOCIATE are refused with 07 and IPv6 with 08 (CP-082)', async () => {
  await using plane = await DataPlane.start()
  const head = Buffer.concat([socks5Greeting(), socks5AuthRequest(await plane.token())])
  for (const command of [2, 3]) {
    const request = socks5ConnectRequest('tcp.virtual', 9000)
    request[1] = command
    assert.equal(await conversation(plane, Buffer.concat([head, request])), replies(7))
  }
  const ipv6 = Buffer.concat([Buffer.of(5, 1, 0, 4), Buffer.alloc(16), Buffer.of(0, 80)])
  assert.equal(await conversation(plane, Buffer.concat([head, ipv6])), replies(8))
})
