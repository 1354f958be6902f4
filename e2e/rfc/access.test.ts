import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demoUser, startAbapGateway } from '@landbridge/testkit'
import { functionModule, RfcScene, rfcMapping } from './scene.ts'

const deniedText = (name: string, system = 'abap.virtual:sapgw42'): { message: string } => ({
  message: `Access denied for ${name} on ${system}. Expose the function module in your Cloud Connector in case it was a valid request.`,
})

test('an exact name allows no longer one, a prefix does, and a suspended resource counts as absent (RFC-052, RFC-053, API1-276, API2-079, SCC-233)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONN')])
  const client = await scene.loggedOn()
  await assert.rejects(client.call('STFC_CONNECTION'), deniedText('STFC_CONNECTION'))
  scene.expose([functionModule('STFC_', { exactMatchOnly: false })])
  await client.call('STFC_CONNECTION')
  scene.expose([functionModule('STFC_', { exactMatchOnly: false, enabled: false })])
  await assert.rejects(client.call('STFC_CONNECTION'), deniedText('STFC_CONNECTION'))
  scene.expose([functionModule('stfc_connection')])
  await assert.rejects(client.call('STFC_CONNECTION'), deniedText('STFC_CONNECTION'))
})

test('every call of a connection is checked, and a change counts from the next call on (RFC-054, RFC-055, RFC-056)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION')])
  const client = await scene.loggedOn()
  for (let i = 0; i < 3; i++) {
    await client.call('STFC_CONNECTION', { REQUTEXT: 'x' })
    await assert.rejects(client.call('Z_COUNT'), deniedText('Z_COUNT'))
  }
  scene.expose([functionModule('Z_COUNT')])
  const { exports } = await client.call('Z_COUNT')
  assert.equal(exports.get('COUNT'), '1')
  await assert.rejects(client.call('STFC_CONNECTION'), deniedText('STFC_CONNECTION'))
  assert.deepEqual(
    scene.gateway.calls.map((call) => call.function),
    ['RFCPING', 'STFC_CONNECTION', 'STFC_CONNECTION', 'STFC_CONNECTION', 'Z_COUNT'],
  )
})

test('a mapping that is removed ends the next call of an open connection with its text (RFC-054)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION')])
  const client = await scene.loggedOn()
  scene.plane.connector.expose([])
  await assert.rejects(client.call('STFC_CONNECTION'), {
    message:
      'Opening connection to abap.virtual:sapgw42 denied. Expose the system in your Cloud Connector in case it was a valid request.',
  })
  await client.closed()
})

test('a mapping that leads elsewhere now does not let calls run in the old system (RFC-054)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION')])
  const client = await scene.loggedOn()
  scene.expose([functionModule('STFC_CONNECTION')], { internalPort: '1' })
  await assert.rejects(client.call('STFC_CONNECTION'), /Opening connection to abap\.virtual:sapgw42 denied/)
})

test('metadata and infrastructure modules pass without a resource, RFC_SYSTEM_INFO does not (RFC-058, SCC-234)', async () => {
  await using scene = await RfcScene.start()
  scene.expose()
  const client = await scene.loggedOn()
  await client.call('RFC_PING')
  await client.call('SYSTEM_RESET_RFC_SERVER')
  await client.call('RFC_GET_FUNCTION_INTERFACE', { FUNCNAME: 'STFC_CONNECTION' })
  for (const name of [
    'RFC_GET_STRUCTURE_DEFINITION',
    'RFC_GET_UNICODE_STRUCTURE',
    'RFC_METADATA_GET',
    'DDIF_FIELDINFO_GET',
  ])
    await assert.rejects(client.call(name), { key: 'CALL_FUNCTION_NOT_FOUND' })
  await assert.rejects(client.call('RFC_SYSTEM_INFO'), deniedText('RFC_SYSTEM_INFO'))
})

test('the administrator may shorten the list of infrastructure modules (RFC-059)', async () => {
  await using scene = await RfcScene.start({ rfc: { infrastructureFunctions: new Set(['RFCPING']) } })
  scene.expose()
  const client = await scene.loggedOn()
  await assert.rejects(
    client.call('RFC_GET_FUNCTION_INTERFACE', { FUNCNAME: 'X' }),
    deniedText('RFC_GET_FUNCTION_INTERFACE'),
  )
})

test('blanks behind a function name change nothing (RFC-057)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION')])
  const client = await scene.loggedOn()
  const { exports } = await client.call('STFC_CONNECTION'.padEnd(30), { REQUTEXT: 'hello' })
  assert.equal(exports.get('ECHOTEXT'), 'hello')
})

test('a symbolic gateway and its number lead to the same mapping, also when the mapping has the number (RFC-060, CP-093, SCC-231)', async () => {
  await using scene = await RfcScene.start()
  for (const virtualPort of ['sapgw42', '3342']) {
    scene.expose([functionModule('STFC_CONNECTION')], { virtualPort })
    for (const wish of [
      { host: 'abap.virtual', port: 3342 },
      { host: 'sapgw42@ABAP.Virtual', port: 0 },
    ]) {
      const client = await scene.loggedOn(wish)
      await client.call('STFC_CONNECTION', { REQUTEXT: 'x' })
      await assert.rejects(client.call('Z_COUNT'), deniedText('Z_COUNT'))
    }
  }
  assert.equal((await scene.connect({ port: 3343 })).status, 2)
  assert.equal((await scene.connect({ host: 'sapgw43@abap.virtual', port: 0 })).status, 2)
  assert.equal((await scene.connect({ host: 'other@abap.virtual', port: 0 })).status, 2)
  assert.equal((await scene.connect({ host: 'abap.virtual', port: 0 })).status, 2)
})

test('two mappings of one system have lists of their own (RFC-061)', async () => {
  await using scene = await RfcScene.start()
  scene.plane.connector.expose([
    rfcMapping(scene.gateway, [functionModule('STFC_CONNECTION')]),
    rfcMapping(scene.gateway, [functionModule('Z_COUNT')], { virtualHost: 'other.virtual' }),
  ])
  const first = await scene.loggedOn()
  const second = await scene.loggedOn({ host: 'other.virtual' })
  await first.call('STFC_CONNECTION')
  await second.call('Z_COUNT')
  await assert.rejects(first.call('Z_COUNT'), deniedText('Z_COUNT'))
  await assert.rejects(second.call('STFC_CONNECTION'), deniedText('STFC_CONNECTION', 'other.virtual:sapgw42'))
})

test('the location selects the connector; one that is not connected is told as such (RFC-062, CONN-252)', async () => {
  await using scene = await RfcScene.start()
  const plant = await startAbapGateway({ systemId: 'PLT' })
  scene.plane.defer(() => plant.close())
  const mappings = [rfcMapping(plant, [functionModule('STFC_CONNECTION')])]
  await scene.plane.connect({ locationId: 'plant', mappings })
  const client = await scene.loggedOn({ locationId: 'plant' })
  const { exports } = await client.call('STFC_CONNECTION')
  assert.match(exports.get('RESPTEXT') ?? '', /Sysid: PLT/)
  assert.equal((await scene.connect({ locationId: 'nowhere' })).status, 3)
})

test('a subaccount never uses the mapping of another (RFC-071)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION')])
  await scene.plane.connect({ subaccountId: 'globex' })
  assert.equal((await scene.connect({ token: await scene.plane.token({ tenant: 'globex' }) })).status, 2)
  assert.equal((await scene.connect()).status, 0)
})

test('a token that is expired, of another client or none is refused before anything goes to a tunnel (RFC-023)', async () => {
  await using scene = await RfcScene.start()
  scene.expose()
  for (const options of [{ lifeSeconds: -60 }, { clientId: 'sb-stranger' }, { issuer: 'https://elsewhere.test' }]) {
    const token = await scene.plane.token(options)
    await assert.rejects(scene.connect({ token }))
  }
  assert.equal(scene.plane.requests.length, 0)
})

test('a client outside the list is denied, and any client passes an empty one (RFC-086, API2-103, SCC-235)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION')], { allowedClients: ['100', '200'] })
  const client = await scene.client()
  await assert.rejects(client.logOn(demoUser), {
    message:
      'Access denied for user TECHUSER in client 000 on abap.virtual:sapgw42. Allow the client and the user in your Cloud Connector in case it was a valid request.',
  })
  assert.equal(scene.gateway.calls.length, 0)
  scene.expose([functionModule('STFC_CONNECTION')], { allowedClients: ['000'] })
  await (await scene.loggedOn()).call('STFC_CONNECTION')
})

test('a blocked user is denied in its client only, whatever the case of its name (RFC-086, RFC-087, API1-248, API2-104, SCC-236)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([], { allowedClients: ['000'], blockedUsers: [{ client: '000', user: 'techUser' }] })
  await assert.rejects(
    (await scene.client()).logOn({ ...demoUser, user: 'TechuseR' }),
    /Access denied for user TechuseR/,
  )
  assert.equal(scene.gateway.calls.length, 0)
  scene.expose([], { blockedUsers: [{ client: '100', user: 'TECHUSER' }] })
  await scene.loggedOn()
})

test('a user who is blocked while logged on is denied at the next call (RFC-054, RFC-086)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION')])
  const client = await scene.loggedOn()
  scene.expose([functionModule('STFC_CONNECTION')], { blockedUsers: [{ client: '000', user: 'TECHUSER' }] })
  await assert.rejects(client.call('STFC_CONNECTION'), /Access denied for user TECHUSER/)
})

test('the logon itself may call a function: it is checked like every other (RFC-056)', async () => {
  await using scene = await RfcScene.start()
  scene.expose()
  const client = await scene.client()
  await assert.rejects(client.logOn({ ...demoUser, functionName: 'RFC_SYSTEM_INFO' }), deniedText('RFC_SYSTEM_INFO'))
  assert.equal(scene.gateway.calls.length, 0)
})

test('a propagated user is refused with a reason: plain RFC has no principal (RFC-142, SCC-239)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION')])
  const client = await scene.client({ token: await scene.plane.token({ userName: 'ada' }) })
  await assert.rejects(client.logOn(demoUser), /The caller's user cannot be propagated over RFC/)
  assert.equal(scene.gateway.received.length, 0)
})

test('a mapping of RFC with SNC is refused with a reason and never becomes plain RFC (RFC-078, SCC-120)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION')], { protocol: 'RFCS' })
  const early = await scene.client({})
  await assert.rejects(early.logOn(demoUser), /that are missing: the library name.*the SNC partner name of the mapping/)
  // Complete settings change the text, and nothing else.
  scene.expose([functionModule('STFC_CONNECTION')], { protocol: 'RFCS', sncPartnerName: 'p:CN=ERP' })
  scene.plane.connector.context.snc = { libraryName: '/opt/snc/lib.so', myName: '', qualityOfProtection: 9 }
  for (const port of [3342, 4842]) {
    const client = await scene.client({ port })
    await assert.rejects(
      client.logOn(demoUser),
      /needs the cryptographic library of SAP.*SNC partner name.*missing: none/,
    )
  }
  assert.equal(scene.gateway.received.length, 0)
})

test('a mapping of another protocol is none for RFC (RFC-071)', async () => {
  await using scene = await RfcScene.start()
  for (const protocol of ['TCP', 'HTTP'] as const) {
    scene.expose([], { protocol, virtualPort: '3342' })
    assert.equal((await scene.connect()).status, 2)
  }
})
