import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { freePort, startPostgres, temporaryFolder } from '@landbridge/testkit'
import { eventually } from '../harness/eventually.ts'
import { Replicas } from './replicas.ts'

const postgres = await startPostgres()
const skip = 'unavailable' in postgres ? postgres.unavailable : false

async function ask(port: number, token: string): Promise<string> {
  const headers = { host: 'erp.virtual', 'proxy-authorization': `Bearer ${token}` }
  const options = { host: '127.0.0.1', port, path: 'http://erp.virtual:80/', headers, agent: false as const }
  const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request(options, resolve).on('error', reject).end()
  })
  return `${answer.statusCode} ${await text(answer)}`
}

test('two replicas of the cloud side are one platform, and one goes on when the other is killed', {
  skip,
}, async () => {
  if ('unavailable' in postgres) return
  using folder = temporaryFolder()
  const backend = createServer((_request, response) => void response.end('the ERP system'))
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  const replicas = await Replicas.start(folder.path, postgres.url, randomBytes(32))
  try {
    const { east, west } = replicas
    const { id } = await replicas.operate(east, 'POST', '/subaccounts', { subdomain: 'plant' })
    const administrator = { userName: 'admin@plant.example', password: 'only-for-this-test' }
    const roleCollections = ['Subaccount Administrator']
    await replicas.operate(west, 'POST', `/subaccounts/${id}/users`, { ...administrator, roleCollections })
    const destination = await replicas.bind(east, id, 'destination')
    const connectivity = await replicas.bind(west, id, 'connectivity')
    const key = await replicas.bind(east, id, 'connectivity_proxy')
    // Bindings name what stands in front of the replicas, whichever of them made them.
    assert.deepEqual(
      [destination.uri, key.connectivity_service.url],
      [replicas.destinationUrl, replicas.connectivityUrl],
    )

    const tokens = { east: await replicas.token(east, destination), west: await replicas.token(west, destination) }
    const entry = { Name: 'erp', Type: 'HTTP', URL: 'http://erp.virtual', ProxyType: 'OnPremise' }
    const created = await replicas.destinations(east, tokens.west, 'POST', '/subaccountDestinations', entry)
    assert.equal(created.status, 201, created.text)
    for (const replica of [east, west])
      for (const token of Object.values(tokens))
        assert.equal((await replicas.destinations(replica, token, 'GET', '/destinations/erp')).status, 200)

    await replicas.startConnector(id, administrator, (backend.address() as AddressInfo).port)
    const connected = async (replica: typeof east): Promise<number> =>
      (await replicas.operate(replica, 'GET', `/subaccounts/${id}/connectors`)).length
    for (const replica of [east, west]) await eventually('the connector', async () => (await connected(replica)) === 1)

    const ports = { east: await freePort(), west: await freePort() }
    await replicas.startProxy(
      'east',
      { ...key, connectivity_service: { url: east.urls['connectivity-service'] } },
      ports.east,
    )
    await replicas.startProxy(
      'west',
      { ...key, connectivity_service: { url: west.urls['connectivity-service'] } },
      ports.west,
    )
    const token = await replicas.token(east, connectivity)
    for (const port of Object.values(ports)) assert.equal(await ask(port, token), '200 the ERP system')

    await replicas.kill(east)
    // Nothing is asked for a second time: an open tunnel does not depend on the replica that arranged it.
    for (const port of Object.values(ports)) assert.equal(await ask(port, token), '200 the ERP system')
    assert.equal((await replicas.destinations(west, tokens.east, 'GET', '/destinations/erp')).status, 200)
    const later = await replicas.token(west, connectivity)
    const third = await freePort()
    await replicas.startProxy('third', key, third)
    await eventually('a new tunnel', async () => (await ask(third, later)) === '200 the ERP system', 30_000)
    assert.equal(await connected(west), 1)
  } finally {
    await replicas.stop()
    backend.closeAllConnections()
    backend.close()
    await postgres.stop()
  }
})
