import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapping, resource, startHttpBackend } from '@landbridge/testkit'
import { send } from '../data-plane/backend-calls.ts'
import { functionModule, RfcScene, rfcMapping } from './scene.ts'

const noSystem = 2

test('without a mapping the connection is refused and the audit names user, system and connection (RFC-048, RFC-091, SCC-242)', async () => {
  await using scene = await RfcScene.start()
  const { status } = await scene.connect()
  assert.equal(status, noSystem)
  assert.equal(scene.auditLines.length, 1)
  assert.match(
    scene.auditLines[0] as string,
    /^Denying access for user sb-client to system abap\.virtual:sapgw42 \[connectionId=-?\d+\]$/,
  )
})

test('with a mapping and no resource, logon and metadata pass and the call is denied with the text of the guide (RFC-049, RFC-050, API1-277, SCC-242)', async () => {
  await using scene = await RfcScene.start()
  scene.expose()
  const client = await scene.loggedOn()
  await client.call('RFC_GET_FUNCTION_INTERFACE', { FUNCNAME: 'STFC_CONNECTION' })
  await assert.rejects(client.call('STFC_CONNECTION', { REQUTEXT: 'hello' }), {
    message:
      'Access denied for STFC_CONNECTION on abap.virtual:sapgw42. Expose the function module in your Cloud Connector in case it was a valid request.',
  })
  assert.deepEqual(
    scene.gateway.calls.map((call) => call.function),
    ['RFCPING', 'RFC_GET_FUNCTION_INTERFACE'],
  )
  assert.match(
    scene.auditLines.join('\n'),
    /^Denying access for user TECHUSER to resource STFC_CONNECTION on system abap\.virtual:sapgw42 \[connectionId=-?\d+\]$/,
  )
})

test('a function module exposed by its exact name answers (RFC-051, SCC-233, CP-091)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION')])
  const client = await scene.loggedOn()
  const { exports } = await client.call('STFC_CONNECTION', { REQUTEXT: 'hello' })
  assert.equal(exports.get('ECHOTEXT'), 'hello')
  assert.match(exports.get('RESPTEXT') ?? '', /Sysid: LBR/)
})

test('HTTP and RFC work side by side through one connector and one subaccount (RFC-176)', async () => {
  await using scene = await RfcScene.start()
  const web = await startHttpBackend((request, response) => response.end(`web ${request.url}`))
  scene.plane.defer(() => web.close())
  scene.plane.connector.expose([
    rfcMapping(scene.gateway, [functionModule('STFC_CONNECTION')]),
    mapping('web', web.port, { resources: [resource('/')] }),
  ])
  const client = await scene.loggedOn()
  const turns = [1, 2, 3].map(async (turn) => {
    const answer = await send(scene.plane, { url: `web:80/${turn}` })
    return answer.body.toString()
  })
  const { exports } = await client.call('STFC_CONNECTION', { REQUTEXT: 'hello' })
  assert.equal(exports.get('ECHOTEXT'), 'hello')
  assert.deepEqual(await Promise.all(turns), ['web /1', 'web /2', 'web /3'])
  // The connection of the RFC client stayed open meanwhile.
  await client.call('STFC_CONNECTION', { REQUTEXT: 'again' })
  assert.equal(scene.plane.connector.links.size, 1)
})
