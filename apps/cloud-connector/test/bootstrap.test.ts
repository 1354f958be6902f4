import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import type { CloudConnectorConfig } from '../src/index.ts'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, startConnector, subaccountPath } from './running-connector.ts'

const mapping = {
  virtualHost: 'demo',
  virtualPort: 80,
  localHost: '127.0.0.1',
  localPort: 8080,
  protocol: 'HTTP',
  backendType: 'nonSAPsys',
  authenticationMode: 'NONE',
  hostInHeader: 'VIRTUAL',
  description: '',
  resources: [{ id: '/', enabled: true, exactMatchOnly: false, websocketUpgradeAllowed: false, description: '' }],
}

const long = 'plant '.repeat(200)

function declared(region: FakeRegion, password = cloudPassword): Partial<CloudConnectorConfig> {
  return {
    haRole: 'undefined',
    regions: { [regionHost]: { address: '127.0.0.1', port: region.port, ca: region.ca.certificatePem } },
    bootstrap: {
      description: long,
      backendConnections: 'perClientConnection',
      subaccounts: [
        {
          ...{ regionHost, subaccount: id, user: cloudUser, password, locationID: 'loc', displayName: 'Demo' },
          ...{ description: '', loadSharing: false, tunnelConnections: 1, systemMappings: [mapping] },
        },
      ],
    },
  }
}

describe('the declared state', () => {
  test('it is there after the first start and nothing changes at the second', async () => {
    using folder = temporaryFolder()
    const region = await startFakeRegion()
    region.idps = [{ id: '1', name: 'idp', description: '', issuer: 'https://idp', jwks: { keys: [] } }]
    const first = await startConnector(folder.path, region, declared(region))
    assert.equal(await first.app.ready(), true)
    const subaccount = (await first.call('GET', subaccountPath)).json
    assert.deepEqual(
      [subaccount.tunnel.state, subaccount.locationID, subaccount.displayName],
      ['Connected', 'loc', 'Demo'],
    )
    const [found] = (await first.call('GET', `${subaccountPath}/systemMappings`)).json
    assert.deepEqual([found.virtualPort, found.enabledResourcesCount], ['80', 1])
    assert.equal((await first.call('GET', `${subaccountPath}/trust/idps`)).json.length, 1)
    assert.equal((await first.call('GET', `${configuration}/connector`)).json.description, long)
    // What the cloud would not take is cut for it: the connector is connected all the same.
    assert.equal(region.hellos.at(-1)?.description, long.slice(0, 1_000))
    assert.equal(region.hellos.at(-1)?.connectorDescription, long.slice(0, 1_000))
    const tuning = (await first.call('GET', '/api/v1/landbridge/connector/advancedConnectivity')).json
    assert.equal(tuning.backendConnections, 'perClientConnection')
    const audit = (await first.call('GET', '/api/v1/landbridge/audit')).json.length
    await first.close()
    const asked = region.asked.length
    const second = await startConnector(folder.path, region, declared(region))
    assert.equal((await second.call('GET', '/api/v1/landbridge/audit')).json.length, audit)
    assert.equal(region.asked.length, asked)
    await second.close()
    await region.close()
  })

  test('a region that starts later is paired as soon as it answers', async () => {
    using folder = temporaryFolder()
    const down = await startFakeRegion()
    await down.close()
    const connector = await startConnector(folder.path, down, declared(down))
    assert.equal(await connector.app.ready(), false)
    const health = async () => (await connector.call('GET', '/health/ready', { login: false })).status
    assert.equal(await health(), 503)
    const region = await startFakeRegion(down)
    while ((await health()) !== 200);
    assert.equal((await connector.call('GET', subaccountPath)).json.tunnel.state, 'Connected')
    await connector.close()
    await region.close()
  })

  test('a wrong password is not tried again', async () => {
    using folder = temporaryFolder()
    const region = await startFakeRegion()
    const connector = await startConnector(folder.path, region, declared(region, 'wrong'))
    assert.equal(await connector.app.ready(), true)
    assert.deepEqual((await connector.call('GET', `${configuration}/subaccounts`)).json, [])
    await connector.close()
    await region.close()
  })
})

test('pairing and tunnel go through the HTTPS proxy with Basic credentials (API1-100)', async () => {
  using folder = temporaryFolder()
  const region = await startFakeRegion()
  const seen: { target: string | undefined; credentials: string | undefined }[] = []
  const proxy = createServer()
  proxy.on('connect', (request, socket, head) => {
    seen.push({ target: request.url, credentials: request.headers['proxy-authorization'] })
    const onward = connect(region.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      if (head.length > 0) onward.write(head)
      socket.pipe(onward).pipe(socket)
    })
    // Whichever ends first: the other one is read by nobody any more and would not notice its end.
    for (const end of [socket, onward])
      end.on('error', () => {}).on('close', () => [socket, onward].map((one) => one.destroy()))
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const connector = await startConnector(folder.path, region, {
    // No address: only the proxy can resolve these names.
    regions: { [regionHost]: { ca: region.ca.certificatePem } },
  })
  const settings = { host: '127.0.0.1', port, user: 'pat', password: 'proxy-pass' }
  await connector.call('PUT', `${configuration}/connector/proxy`, { json: settings })
  const json = { regionHost, subaccount: id, cloudUser, cloudPassword }
  const added = await connector.call('POST', `${configuration}/subaccounts`, { json })
  assert.equal(added.json.tunnel.state, 'Connected')
  const credentials = `Basic ${Buffer.from('pat:proxy-pass').toString('base64')}`
  assert.deepEqual(seen, [
    { target: `connectivitynotification.${regionHost}:443`, credentials },
    { target: `connectivitycertsigning.${regionHost}:443`, credentials },
    { target: `connectivitynotification.${regionHost}:443`, credentials },
  ])
  await connector.close()
  await region.close()
  proxy.closeAllConnections()
  await new Promise((resolve) => proxy.close(resolve))
})
