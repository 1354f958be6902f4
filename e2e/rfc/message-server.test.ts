import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { demoUser, type EmulatedMessageServer, startMessageServer } from '@landbridge/testkit'
import { functionModule, RfcScene, rfcMapping } from './scene.ts'

/** A message server whose groups PUBLIC and SALES are served by the scene's gateway. */
async function messageServer(scene: RfcScene): Promise<EmulatedMessageServer> {
  const target = { host: '127.0.0.1', gatewayPort: scene.gateway.port }
  const server = await startMessageServer({ PUBLIC: target, SALES: target })
  scene.plane.defer(() => server.close())
  return server
}

const functions = [functionModule('STFC_CONNECTION')]

test('a message server names the application server of the logon group, and the function list of its mapping counts there (RFC-075, SCC-231)', async () => {
  await using scene = await RfcScene.start()
  const server = await messageServer(scene)
  scene.plane.connector.expose([rfcMapping(server, functions, { virtualPort: 'sapmsERP' })])
  const client = await scene.loggedOn({ host: 'sapmsERP/SALES@abap.virtual', port: 0 })
  const { exports } = await client.call('STFC_CONNECTION', { REQUTEXT: 'balanced' })
  assert.equal(exports.get('ECHOTEXT'), 'balanced')
  await assert.rejects(client.call('Z_COUNT'), {
    message:
      'Access denied for Z_COUNT on abap.virtual:sapmsERP. Expose the function module in your Cloud Connector in case it was a valid request.',
  })
  await scene.loggedOn({ host: 'sapmsERP@abap.virtual', port: 0 })
  assert.deepEqual(server.asked, ['SALES', 'PUBLIC'])
  const instance = String((scene.gateway.port - 100) % 100).padStart(2, '0')
  assert.equal(scene.gateway.partners[0]?.program, `sapdp${instance}`)
  assert.equal((await scene.connect({ host: 'sapmsDEV@abap.virtual', port: 0 })).status, 2)
})

test('a message server is found by its number too, without an entry in the services file (RFC-076)', async () => {
  await using scene = await RfcScene.start()
  const server = await messageServer(scene)
  scene.plane.connector.expose([rfcMapping(server, functions, { virtualPort: '3601' })])
  await scene.loggedOn({ port: 3601 })
  await scene.loggedOn({ host: '3601/SALES@abap.virtual', port: 0 })
  assert.deepEqual(server.asked, ['PUBLIC', 'SALES'])
})

test('a name of a service is looked up where the connector runs; an unknown one is told with what to do (RFC-075)', async () => {
  const ports = new Map<string, number>()
  await using scene = await RfcScene.start({
    rfc: { infrastructureFunctions: new Set(['RFCPING']), servicePort: (name) => ports.get(name) },
  })
  const server = await messageServer(scene)
  const mapping = rfcMapping(server, functions, { virtualPort: 'sapmsVRT', internalPort: 'sapmsERP' })
  scene.plane.connector.expose([mapping])
  const wish = { host: 'sapmsVRT@abap.virtual', port: 0 }
  await assert.rejects((await scene.client(wish)).logOn(demoUser), /not in the services file of the Cloud Connector/)
  ports.set('sapmsERP', server.port)
  await scene.loggedOn(wish)
})

test('a logon group that nobody serves, and a server that is none, are told to the caller (RFC-075)', async () => {
  await using scene = await RfcScene.start()
  const server = await messageServer(scene)
  scene.plane.connector.expose([rfcMapping(server, functions, { virtualPort: 'sapmsERP' })])
  const unknown = await scene.client({ host: 'sapmsERP/NOBODY@abap.virtual', port: 0 })
  await assert.rejects(unknown.logOn(demoUser), {
    message:
      'Opening connection to abap.virtual:sapmsERP failed. The message server named no application server: the message server does not know the logon group (error 4).',
  })
  const other = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  scene.plane.defer(() => other.close())
  const address = other.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  scene.plane.connector.expose([rfcMapping({ port }, functions, { virtualPort: 'sapmsERP' })])
  await assert.rejects(
    (await scene.client({ host: 'sapmsERP@abap.virtual', port: 0 })).logOn(demoUser),
    /not an answer of a message server/,
  )
  scene.plane.connector.expose([rfcMapping({ port: 1 }, functions, { virtualPort: 'sapmsERP' })])
  assert.equal((await scene.connect({ host: 'sapmsERP@abap.virtual', port: 0 })).status, 4)
})
