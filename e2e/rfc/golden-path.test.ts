import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openClient, readBindings } from '@landbridge/client'
import {
  ClassicClient,
  callJson,
  demoUser,
  startAbapGateway,
  startPlatform,
  type TestPlatform,
} from '@landbridge/testkit'
import { administrate, createDestination, regionHost } from '../clients/support/administration.ts'

const denied =
  'Access denied for STFC_CONNECTION on abap.virtual:sapgw42. Expose the function module in your Cloud Connector in case it was a valid request.'

/** The audit lines of denied calls that the connector stored, oldest first. */
async function auditLines(platform: TestPlatform): Promise<string[]> {
  const { name, password } = platform.credentials.connector
  const { json } = await callJson({
    method: 'GET',
    url: `${platform.address('cloud-connector').origin}/api/v1/landbridge/audit`,
    headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` },
    ca: platform.connectorCa,
  })
  const entries = json as unknown as readonly { category: string; details?: { message?: string } }[]
  return entries.filter(({ category }) => category === 'Denied').map(({ details }) => details?.message ?? '')
}

test('one application walks from no destination to an answer and back, and nothing is restarted (RFC-046, RFC-047, RFC-048, RFC-050, RFC-051, RFC-053, RFC-072, RFC-008, RFC-091)', async () => {
  const platform = await startPlatform()
  const gateway = await startAbapGateway()
  const { VCAP_SERVICES } = platform.environment
  const client = openClient({ bindings: readBindings({ environment: { VCAP_SERVICES } }), ca: platform.ca })
  const forwarder = await client.forwardRfc('DemoSystem', 0)
  const mappings = `/subaccounts/${regionHost}/${platform.binding('xsuaa').subaccountid}/systemMappings`
  const resources = `${mappings}/abap.virtual:sapgw42/resources`

  /** What the application does each time: connect, log on, call. */
  const call = async (): Promise<string | undefined> => {
    const abap = await ClassicClient.connect(forwarder.port)
    try {
      await abap.logOn(demoUser)
      const { exports } = await abap.call('STFC_CONNECTION', { REQUTEXT: 'hello' })
      return exports.get('ECHOTEXT')
    } finally {
      abap.close()
    }
  }
  try {
    await assert.rejects(client.connectRfc('DemoSystem'), {
      message: '(106) JCO_ERROR_RESOURCE: Destination DemoSystem does not exist',
    })
    await assert.rejects(call(), { message: /Destination DemoSystem does not exist/ })
    assert.equal(gateway.received.length, 0)

    await createDestination(platform, {
      Name: 'DemoSystem',
      Type: 'RFC',
      'jco.client.ashost': 'abap.virtual',
      'jco.client.sysnr': '42',
      'jco.destination.proxy_type': 'OnPremise',
      'jco.client.user': demoUser.user,
      'jco.client.passwd': demoUser.password,
      'jco.client.client': demoUser.client,
      'jco.client.lang': 'EN',
      'jco.destination.pool_capacity': '5',
    })
    const noSystem =
      '(102) JCO_ERROR_COMMUNICATION: Opening connection to backend failed: Opening connection to abap.virtual:sapgw42 denied. Expose the system in your Cloud Connector in case it was a valid request.'
    await assert.rejects(client.connectRfc('DemoSystem'), { message: noSystem })
    await assert.rejects(call(), { message: noSystem })
    assert.equal(gateway.received.length, 0)

    const mapping = {
      virtualHost: 'abap.virtual',
      virtualPort: 'sapgw42',
      localHost: '127.0.0.1',
      localPort: String(gateway.port),
      protocol: 'RFC',
      backendType: 'abapSys',
      authenticationMode: 'NONE',
    }
    await administrate(platform, 'POST', mappings, mapping)
    await assert.rejects(call(), { message: denied })
    assert.deepEqual(
      gateway.calls.map((seen) => seen.function),
      ['RFCPING'],
    )

    let lines: string[] = []
    while (!lines.some((line) => line.includes('STFC_CONNECTION'))) lines = await auditLines(platform)
    assert.match(
      lines.join('\n'),
      /Denying access for user \S+ to system abap\.virtual:sapgw42 \[connectionId=-?\d+\]\n(.*\n)*Denying access for user TECHUSER to resource STFC_CONNECTION on system abap\.virtual:sapgw42 \[connectionId=-?\d+\]/,
    )

    const resource = { id: 'STFC_CONNECTION', enabled: true, exactMatchOnly: true, websocketUpgradeAllowed: false }
    await administrate(platform, 'POST', resources, resource)
    assert.equal(await call(), 'hello')

    // In its own form the name of a resource stands in the path.
    await administrate(platform, 'PUT', `${resources}/STFC_CONNECTION`, { ...resource, enabled: false })
    await assert.rejects(call(), { message: denied })

    // Over SNC nothing passes; the settings count from the next call on, and only their names are told.
    const secure = { ...mapping, protocol: 'RFCS', sncPartnerName: 'p:CN=ERP' }
    await administrate(platform, 'PUT', `${mappings}/abap.virtual:sapgw42`, secure)
    const calls = gateway.calls.length
    await assert.rejects(call(), {
      message: /RFC SNC.*that are missing: the library name and the quality of protection/,
    })
    const snc = { libraryName: process.execPath, qualityOfProtection: 9 }
    await administrate(platform, 'PUT', '/connector/onPremise/snc', snc)
    await assert.rejects(call(), ({ message }: Error) => {
      assert.match(message, /RFC SNC.*that are missing: none\./)
      return !message.includes(process.execPath)
    })
    assert.equal(gateway.calls.length, calls)
  } finally {
    await forwarder.close()
    await client.close()
    await gateway.close()
    await platform.stop()
  }
})
