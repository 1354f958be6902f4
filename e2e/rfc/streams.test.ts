import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TLSSocket } from 'node:tls'
import { niFrame, niPing, niPong, RfcTag, writeGatewayRecord } from '@landbridge/rfc'
import { callMessage, demoUser, initializeRecord } from '@landbridge/testkit'
import { functionModule, RfcScene, rfcMapping } from './scene.ts'

/** A table of `bytes` bytes, as extra elements of a call. */
function table(bytes: number): { tag: number; value: Buffer }[] {
  const rows = Math.ceil(bytes / 1_000)
  const header = Buffer.alloc(8)
  header.writeUInt32BE(1_000, 0)
  header.writeUInt32BE(rows, 4)
  const row = Buffer.alloc(1_000, 'y\0', 'latin1')
  return [
    { tag: RfcTag.tableName, value: Buffer.from('LINES', 'utf16le') },
    { tag: RfcTag.tableHeader, value: header },
    ...new Array(rows).fill({ tag: RfcTag.tableRow, value: row }),
  ]
}

test('requests and replies of many megabytes pass in slices (RFC-083)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('Z_', { exactMatchOnly: false })])
  const client = await scene.loggedOn()
  const { rows } = await client.call('Z_FILL', { BYTES: '20000000' })
  assert.equal(rows.get('LINES'), 20_000)
  await client.send(callMessage('Z_TAKE', {}, table(20_000_000)))
  assert.equal(scene.gateway.calls.at(-1)?.function, 'Z_TAKE')
  await client.call('Z_COUNT')
})

test('a long message that is denied never reaches the back end, its slices are acknowledged and the connection goes on (RFC-055, RFC-083)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('Z_COUNT')])
  const client = await scene.loggedOn()
  const before = Buffer.concat(scene.gateway.received).length
  const reply = await client.send(callMessage('Z_TAKE', {}, table(2_000_000)))
  const text = reply.find(({ tag }) => tag === RfcTag.errorText)?.value.toString('utf16le')
  assert.match(text ?? '', /^Access denied for Z_TAKE on abap\.virtual:sapgw42\./)
  assert.equal(Buffer.concat(scene.gateway.received).length, before)
  const { exports } = await client.call('Z_COUNT')
  assert.equal(exports.get('COUNT'), '1')
})

test('the connection of the client closes right behind the last reply of a system that closes (RFC-064)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('Z_', { exactMatchOnly: false })])
  const client = await scene.loggedOn()
  await client.call('Z_COUNT')
  for (const socket of scene.gateway.connections) socket.end()
  await client.closed()
  const other = await scene.loggedOn()
  await assert.rejects(other.call('Z_CLOSE'), /connection closed/)
})

test('a system that cannot be reached is told as such, without its address (RFC-063)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('Z_COUNT')], { internalPort: '1' })
  assert.equal((await scene.connect()).status, 4)
})

test('keep-alives are answered by the system and are no calls (RFC-085)', async () => {
  await using scene = await RfcScene.start()
  scene.expose()
  const client = await scene.loggedOn()
  client.socket.write(niFrame(niPing))
  assert.deepEqual(await client.receive(), niPong)
  assert.equal(scene.gateway.calls.length, 1)
})

test('a stream that is no client of a gateway is closed and audited, and nothing of it reaches the system (RFC-079, RFC-080, RFC-081, RFC-090)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION')])
  const names = { service: 'x', logicalUnit: 'x', program: 'x' }
  const greeting = writeGatewayRecord({
    address: [127, 0, 0, 1],
    ...names,
    codePage: '1100',
    acceptInfo: 0xcb,
    level: 6,
  })
  const monitor = Buffer.from(greeting)
  monitor[1] = 9
  const register = Buffer.from(greeting)
  register[1] = 11
  const started = initializeRecord({ host: 'v', program: 'sapxpg', kind: 0x45 })
  const attempts: readonly (readonly [Buffer, RegExp])[] = [
    [Buffer.from('GET / HTTP/1.1\r\n\r\n'), /frame longer than allowed/],
    [niFrame(Buffer.from('NI_ROUTE\0')), /not a gateway record/],
    [niFrame(monitor), /administrative gateway request/],
    [niFrame(register), /gateway registration request/],
    [Buffer.concat([niFrame(greeting), niFrame(started)]), /conversation with a started program/],
    [Buffer.from([0x7f, 0xff, 0xff, 0xff]), /frame longer than allowed/],
  ]
  for (const [bytes, reason] of attempts) {
    const client = await scene.client()
    client.socket.write(bytes)
    await client.closed()
    assert.match(scene.plane.connector.denied.at(-1)?.reason ?? '', reason)
    assert.match(scene.auditLines.at(-1) ?? '', /^Denying access for user sb-client to system abap\.virtual:sapgw42 /)
  }
  const greetings = Buffer.concat(scene.gateway.received).length / niFrame(greeting).length
  assert.equal(greetings, 1, 'only the greeting before the program')
  assert.deepEqual(scene.gateway.partners, [])
})

test('the conversation leads to the host and instance of the mapping, whatever the client wrote (SCC-243)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION')])
  const client = await scene.client()
  await client.logOn({ ...demoUser, host: 'secret-host.elsewhere', instance: '99' })
  assert.deepEqual(scene.gateway.partners[0]?.host, '127.0.0.1')
  assert.equal(Buffer.concat(scene.gateway.received).includes('secret-host'), false)
})

test('all audit lines of a connection carry its ID, a signed number of 32 bits; another connection has another (RFC-091, RFC-092)', async () => {
  await using scene = await RfcScene.start()
  scene.expose()
  const first = await scene.loggedOn()
  for (const name of ['Z_A', 'Z_B', 'Z_C']) await assert.rejects(first.call(name))
  const second = await scene.loggedOn()
  await assert.rejects(second.call('Z_A'))
  const ids = scene.auditLines.map((line) => Number(/\[connectionId=(-?\d+)\]$/.exec(line)?.[1]))
  assert.equal(new Set(ids.slice(0, 3)).size, 1)
  assert.notEqual(ids[0], ids[3])
  for (const id of ids) assert.equal(id, id | 0)
})

test('a password stands in no log line and no audit line, scrambled or not (RFC-088)', async () => {
  await using scene = await RfcScene.start()
  scene.expose()
  const client = await scene.loggedOn()
  await assert.rejects(client.call('Z_A', { SECRET: demoUser.password }))
  const wrong = await scene.client()
  await assert.rejects(wrong.logOn({ ...demoUser, user: 'WRONG', password: 'Hidden-From-All' }))
  scene.expose([], { blockedUsers: [{ client: '000', user: 'TECHUSER' }] })
  await assert.rejects((await scene.client()).logOn(demoUser))
  const told = [...scene.plane.logged, ...scene.auditLines, JSON.stringify(scene.plane.connector.denied)].join('\n')
  for (const secret of [demoUser.password, 'Hidden-From-All']) {
    assert.equal(told.includes(secret), false)
    assert.equal(told.includes(Buffer.from(secret, 'latin1').toString('hex')), false)
  }
  assert.ok(told.includes('TECHUSER'))
})

test('a control character in a user name does not make a second line in the audit', async () => {
  await using scene = await RfcScene.start()
  scene.expose([], { allowedClients: ['100'] })
  const client = await scene.client()
  await assert.rejects(client.logOn({ ...demoUser, user: 'A\nDenying' }))
  assert.match(scene.auditLines[0] as string, /^Denying access for user A\?Denying to system [^\n]*$/)
})

test('many connections that are cut at once leave neither streams nor connections behind (RFC-067)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('Z_', { exactMatchOnly: false })])
  const clients = await Promise.all(Array.from({ length: 40 }, () => scene.loggedOn()))
  for (const client of clients) void client.call('Z_SLEEP', { MILLISECONDS: '50000' }).catch(() => {})
  while (scene.gateway.calls.filter((call) => call.function === 'Z_SLEEP').length < clients.length)
    await new Promise((resolve) => setImmediate(resolve))
  for (const client of clients) client.close()
  while (scene.gateway.connections.size > 0 || scene.plane.rfc.connectionCount > 0)
    await new Promise((resolve) => setImmediate(resolve))
  const [link] = scene.plane.connector.links
  while ((link?.session.streamCount ?? 0) > 1) await new Promise((resolve) => setImmediate(resolve))
  const again = await scene.loggedOn()
  await again.call('Z_COUNT')
})

test('bytes of RFC leave the proxy inside TLS only (RFC-070)', async () => {
  await using scene = await RfcScene.start()
  scene.plane.connector.expose([rfcMapping(scene.gateway, [functionModule('STFC_CONNECTION')])])
  const client = await scene.loggedOn()
  await client.call('STFC_CONNECTION', { REQUTEXT: 'plain-text-marker' })
  const [link] = scene.plane.connector.links
  assert.ok(link?.session.socket instanceof TLSSocket)
  assert.equal(link.session.socket.authorized, true)
})
