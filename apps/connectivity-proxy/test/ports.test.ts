import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { loadConfig } from '@landbridge/config'
import type { BoundService } from '@landbridge/registry'
import { freePort } from '@landbridge/testkit'
import { connectivityProxyConfigSchema } from '../src/index.ts'
import { startBackend } from './backend.ts'
import { Cloud, type Tenant } from './cloud.ts'
import { OpenConnector } from './open-connector.ts'
import { bearer, socksAuthentication, startProxy } from './proxy.ts'
import { httpMapping } from './real-connector.ts'

let cloud: Cloud
let tenant: Tenant
let paired: BoundService

before(async () => {
  cloud = await Cloud.start()
  tenant = await cloud.newTenant()
  paired = await cloud.bind(tenant.subaccount, 'connectivity_proxy')
})
after(() => cloud.close())

const shared = { tenantMode: 'shared', 'landbridge.acceptConnectivityBindings': true }

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const open = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return open
}

test('configured ports replace those of the guide in every listener and in what connectors are told to dial', async () => {
  const [http, socks5, tunnel, health] = [await freePort(), await freePort(), await freePort(), await freePort()]
  const backend = await startBackend('erp')
  const connector = await OpenConnector.connect(cloud, tenant, [httpMapping(backend.port)])
  const settings = {
    ...shared,
    'servers.proxy.http.port': http,
    'servers.proxy.socks5.port': socks5,
    'servers.businessDataTunnel.port': tunnel,
    'landbridge.health.port': health,
  }
  const proxy = await startProxy(cloud, { pairedBy: paired, settings })
  assert.deepEqual([proxy.httpPort, proxy.socks5Port, proxy.tunnelPort], [http, socks5, tunnel])
  assert.equal(new URL(proxy.healthUrl).port, String(health))
  for (const port of [http, socks5, tunnel, health]) assert.ok(await isOpen(port), `${port}`)
  const token = await cloud.token(tenant.connectivity)
  const asked = connector.nextRequest()
  const answer = await proxy.get(bearer(token))
  assert.equal(answer.status, 200, answer.text)
  assert.equal((await asked).port, tunnel)
  assert.equal(await socksAuthentication(socks5, token), 0)
  await proxy.close()
  for (const port of [http, socks5, tunnel, health]) assert.ok(!(await isOpen(port)), `${port}`)
  connector.close()
  await backend.close()
})

test('a client that knows only connectivity-proxy.<namespace> and the ports of the guide is served (CP-088)', async (context) => {
  const { http, socks5 } = loadConfig(connectivityProxyConfigSchema, { environment: {} }).servers.proxy
  assert.deepEqual([http.port, socks5.port], [20_003, 20_004])
  if ((await isOpen(http.port)) || (await isOpen(socks5.port))) return context.skip('somebody else uses these ports')
  const backend = await startBackend('erp')
  const connector = await OpenConnector.connect(cloud, tenant, [httpMapping(backend.port)])
  const settings = { ...shared, 'servers.proxy.http.port': undefined, 'servers.proxy.socks5.port': undefined }
  const proxy = await startProxy(cloud, { pairedBy: paired, settings })
  const token = await cloud.token(tenant.connectivity)
  const sent = request({
    host: 'connectivity-proxy.landbridge',
    port: 20_003,
    // The name service of the cluster.
    lookup: (_name, options, done) =>
      options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
    path: 'http://erp.virtual/',
    headers: { host: 'erp.virtual', ...bearer(token) },
    agent: false,
  })
  sent.end()
  const [response] = await once(sent, 'response')
  assert.equal(response.statusCode, 200, await text(response))
  assert.equal(await socksAuthentication(20_004, token), 0)
  response.resume()
  await proxy.close()
  connector.close()
  await backend.close()
})
