import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapping, resource } from '@landbridge/testkit'
import { get, httpSetup, okAnswer } from './http-setup.ts'

const upgradeLines = ['Connection: keep-alive, Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZQ==']
const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-A: 1\r\n\r\n'

function exposing(port: number, websocketUpgradeAllowed: boolean) {
  return [mapping('vhost', port, { resources: [resource('/', { websocketUpgradeAllowed })] })]
}

test('an upgrade to WebSocket passes where the resource allows it, and then bytes in both directions (CP-071, RC-117)', async () => {
  await using setup = await httpSetup()
  setup.plane.connector.expose(exposing(setup.backend.port, true))
  const client = await setup.plane.client()
  // Bytes that come early belong to the new protocol.
  client.send(`${get('http://vhost/ws', setup.auth, ...upgradeLines)}early`)
  const system = await setup.backend.accept()
  const head = await system.readHead()
  assert.match(head, /^GET \/ws HTTP\/1\.1\r\nHost: vhost\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n/)
  assert.match(head, /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/)
  system.send(`${switching}greeting`)
  const answer = await client.readHead()
  assert.match(answer, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
  assert.match(answer, /\r\nUpgrade: websocket\r\n/)
  assert.equal((await client.read(8)).toString(), 'greeting')
  assert.equal((await system.read(5)).toString(), 'early')
  for (const text of ['one', 'two']) {
    client.send(text)
    assert.equal((await system.read(3)).toString(), text)
    system.send(text)
    assert.equal((await client.read(3)).toString(), text)
  }
  system.end()
  assert.equal((await client.readToEnd()).length, 0)
})

test('an upgrade where the resource does not allow it is refused with the text of the Cloud Connector (CP-071, RC-117)', async () => {
  await using setup = await httpSetup()
  setup.plane.connector.expose(exposing(setup.backend.port, false))
  const client = await setup.plane.client()
  client.send(get('http://vhost/ws', setup.auth, ...upgradeLines))
  const answer = await client.readAnswer()
  assert.equal(answer.status, 403)
  assert.equal(answer.header('x-landbridge-error'), 'NO_WEBSOCKET')
  assert.equal(setup.backend.accepted, 0)
})

test('an upgrade without a valid token is answered 407 (RC-117, CONN-052)', async () => {
  await using setup = await httpSetup()
  setup.plane.connector.expose(exposing(setup.backend.port, true))
  const client = await setup.plane.client()
  client.send(get('http://vhost/ws', ...upgradeLines))
  assert.equal((await client.readAnswer()).status, 407)
  assert.equal(setup.backend.accepted, 0)
})

test('a backend that does not take the upgrade answers as usual, and the client connection goes on (CP-071)', async () => {
  await using setup = await httpSetup()
  setup.plane.connector.expose(exposing(setup.backend.port, true))
  const client = await setup.plane.client()
  client.send(get('http://vhost/ws', setup.auth, ...upgradeLines))
  const system = await setup.backend.accept()
  await system.readHead()
  system.send('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno')
  assert.equal((await client.readAnswer()).status, 426)
  client.send(get('http://vhost/next', setup.auth))
  assert.match(await system.readHead(), /^GET \/next /)
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
})

test('a 101 that nobody asked for is an error of the backend', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(get('http://vhost/', setup.auth))
  const system = await setup.backend.accept()
  await system.readHead()
  system.send(switching)
  const answer = await client.readAnswer()
  assert.equal(answer.status, 502)
  assert.equal(answer.header('x-landbridge-error'), 'BACKEND_PROTOCOL')
})
