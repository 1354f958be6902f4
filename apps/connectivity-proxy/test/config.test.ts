import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { loadConfig } from '@landbridge/config'
import { isPlatformError } from '@landbridge/kernel'
import type { BoundService } from '@landbridge/registry'
import { runLandbridge, temporaryFolder } from '@landbridge/testkit'
import { proxiesOpenToNetwork } from '../src/config-rules.ts'
import { connectivityProxyConfigSchema, readServiceKey } from '../src/index.ts'
import { Cloud, type Tenant } from './cloud.ts'
import { socksAuthentication, startProxy, type TestProxy } from './proxy.ts'

let cloud: Cloud
let tenant: Tenant
let paired: BoundService

before(async () => {
  cloud = await Cloud.start()
  tenant = await cloud.newTenant()
  paired = await cloud.bind(tenant.subaccount, 'connectivity_proxy')
})
after(() => cloud.close())

/** Settings with which a proxy starts, so that each test changes one thing. */
const valid = { tenantMode: 'shared', 'landbridge.acceptConnectivityBindings': true }

const start = (settings: Record<string, unknown>): Promise<TestProxy> =>
  startProxy(cloud, { pairedBy: paired, settings })

/** The problems that are told when a proxy does not start. */
async function problemsOf(settings: Record<string, unknown>): Promise<readonly string[]> {
  try {
    const proxy = await start(settings)
    await proxy.close()
    return []
  } catch (thrown) {
    assert.ok(isPlatformError(thrown, 'CONFIG_INVALID'), String(thrown))
    return thrown.facts.problems as readonly string[]
  }
}

async function refused(settings: Record<string, unknown>, pattern: RegExp): Promise<void> {
  const problems = await problemsOf(settings)
  assert.equal(problems.length, 1, problems.join('\n'))
  assert.match(problems[0]!, pattern)
}

test('out of the box SOCKS5 listens with authorization, HTTP and RFC do not (CP-010)', async () => {
  const { servers, tenantMode, highAvailabilityMode, integration } = loadConfig(connectivityProxyConfigSchema, {
    environment: {},
  })
  const { http, rfcAndLdap, socks5 } = servers.proxy
  assert.deepEqual([http.enabled, rfcAndLdap.enabled, socks5.enabled], [false, false, true])
  assert.deepEqual([http.port, rfcAndLdap.port, socks5.port], [20_003, 20_001, 20_004])
  for (const listener of [http, rfcAndLdap, socks5]) assert.equal(listener.enableProxyAuthorization, true)
  assert.deepEqual([tenantMode, highAvailabilityMode], ['dedicated', 'off'])
  assert.deepEqual([servers.businessDataTunnel.port, servers.businessDataTunnel.externalPort], [8042, 443])
  assert.equal(integration.connectivityService.serviceCredentialsKey, 'service_key')
  const proxy = await start({ ...valid, 'servers.proxy.http.enabled': undefined })
  assert.equal(proxy.httpPort, 0)
  assert.ok(proxy.socks5Port > 0)
  await proxy.close()
})

test('a tenant mode that does not exist is refused with the ones that do; omitted it is dedicated (CP-012)', async () => {
  await refused({ ...valid, tenantMode: 'multi' }, /tenantMode: expected one of "dedicated", "shared", found "multi"/)
  const { tenantMode } = loadConfig(connectivityProxyConfigSchema, { environment: {} })
  assert.equal(tenantMode, 'dedicated')
})

test('a dedicated proxy without subaccountId is refused (CP-013)', async () => {
  await refused(
    { ...valid, tenantMode: 'dedicated' },
    /^subaccountId: expected the ID of a subaccount .*, found nothing$/,
  )
})

test('a dedicated proxy needs the subdomain when an enabled proxy works without authorization, and only then (CP-014)', async () => {
  const dedicated = { ...valid, tenantMode: 'dedicated', subaccountId: tenant.subaccount.id }
  const off = { 'servers.proxy.socks5.enableProxyAuthorization': false }
  await refused({ ...dedicated, ...off }, /^subaccountSubdomain: expected the subdomain .*, found nothing$/)
  assert.deepEqual(await problemsOf({ ...dedicated, ...off, subaccountSubdomain: tenant.subaccount.subdomain }), [])
  assert.deepEqual(await problemsOf(dedicated), [])
  assert.deepEqual(await problemsOf({ ...dedicated, ...off, 'servers.proxy.socks5.enabled': false }), [])
})

test('a proxy that asks for tokens is refused when nothing says whose (CP-016)', async () => {
  const nobody = { tenantMode: 'shared' }
  await refused(nobody, /^servers\.proxy\.authorization\.oauth\.allowedClientId: expected the ID of an OAuth client/)
  assert.deepEqual(
    await problemsOf({ ...nobody, 'servers.proxy.authorization.oauth.allowedClientId': 'sb-app!t1' }),
    [],
  )
  const trusted = {
    'servers.proxy.http.enableProxyAuthorization': false,
    'servers.proxy.socks5.enableProxyAuthorization': false,
  }
  assert.deepEqual(await problemsOf({ ...nobody, ...trusted }), [])
})

test('a mode of high availability that does not exist is refused; omitted it is off (CP-018)', async () => {
  await refused(
    { ...valid, highAvailabilityMode: 'on' },
    /highAvailabilityMode: expected one of "off", "subdomain", "path", found "on"/,
  )
  const { highAvailabilityMode } = loadConfig(connectivityProxyConfigSchema, { environment: {} })
  assert.equal(highAvailabilityMode, 'off')
})

test('what is not supported is refused with a word on what to do, not ignored', async () => {
  await refused({ ...valid, highAvailabilityMode: 'path' }, /highAvailabilityMode: .*not supported yet; give each/)
  await refused({ ...valid, highAvailabilityMode: 'subdomain' }, /highAvailabilityMode: .*not supported yet; give each/)
  await refused({ ...valid, 'servers.businessDataTunnel.enableTls': false }, /enableTls: expected true, found false/)
  await refused(
    { ...valid, 'integration.auditlog.mode': 'console' },
    /auditlog\.mode: expected nothing, found "console"/,
  )
})

test('all problems are told at once', async () => {
  const problems = await problemsOf({
    'servers.businessDataTunnel.externalHost': '',
    highAvailabilityMode: 'path',
  })
  assert.deepEqual(
    problems.map((problem) => problem.split(':')[0]),
    [
      'subaccountId',
      'servers.proxy.authorization.oauth.allowedClientId',
      'servers.businessDataTunnel.externalHost',
      'highAvailabilityMode',
    ],
  )
})

test('the RFC and LDAP proxy listens when it is enabled, on its own port (CP-089)', async () => {
  const proxy = await start({ ...valid, 'servers.proxy.rfcAndLdap.enabled': true, 'servers.proxy.rfcAndLdap.port': 0 })
  assert.equal(await socksAuthentication(proxy.rfcPort, 'no token'), 5)
  await proxy.close()
})

test('settings of the original that mean nothing here are accepted and named once in the log', async () => {
  const proxy = await start({
    ...valid,
    'servers.proxy.threadPoolSize': 20,
    'jvm.errorFilePath': '/var/log/connectivity',
    'jvm.memory.maxHeapSize': '256m',
  })
  const lines = proxy.logged.filter((line) => line.includes('proxy.settings-without-effect'))
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /"servers\.proxy\.threadPoolSize","jvm\.errorFilePath","jvm\.memory\.maxHeapSize"/)
  await proxy.close()
  await refused({ ...valid, 'servers.proxy.threadPoolSize': 19 }, /threadPoolSize: expected an integer of at least 20/)
})

test('a proxy that anybody in the network may use is worth a warning, one that asks for tokens or is off is not', () => {
  const open = (settings: Record<string, unknown>) =>
    proxiesOpenToNetwork(loadConfig(connectivityProxyConfigSchema, { environment: {}, overrides: settings }))
  const remote = {
    'servers.proxy.http.allowRemoteConnections': true,
    'servers.proxy.socks5.allowRemoteConnections': true,
  }
  const trusted = {
    ...remote,
    'servers.proxy.http.enableProxyAuthorization': false,
    'servers.proxy.socks5.enableProxyAuthorization': false,
  }
  assert.deepEqual(open({}), [])
  assert.deepEqual(open(remote), [])
  assert.deepEqual(open(trusted), ['socks5'])
  assert.deepEqual(open({ ...trusted, 'servers.proxy.http.enabled': true }), ['http', 'socks5'])
})

test('a service key is read as JSON, in base64, and with parts that a binding secret turned into text', async () => {
  const text = await cloud.serviceKey(paired)
  const plain = readServiceKey(text)
  assert.equal(plain.clientId, paired.binding.clientId)
  assert.equal(plain.instanceId, paired.instance.id)
  assert.equal(plain.clientSecret?.reveal(), paired.binding.clientSecret?.reveal())
  const json = JSON.parse(text) as Record<string, unknown>
  const flat = JSON.stringify({ ...json, connectivity_service: JSON.stringify(json.connectivity_service) })
  const { uaadomain: _absent, ...original } = json
  for (const form of [Buffer.from(text).toString('base64'), flat, JSON.stringify(original)]) {
    const { clientSecret, ...read } = readServiceKey(form)
    assert.deepEqual({ ...read, clientSecret }, plain)
  }
})

test('a start without a readable service key fails with the secret, the key and the missing part (CP-108)', async () => {
  using folder = temporaryFolder()
  const { connectivity_service: _absent, ...rest } = JSON.parse(await cloud.serviceKey(paired))
  for (const [text, expected] of [
    ['rubbish', /key "cs_key": expected the JSON of a service key/],
    [JSON.stringify(rest), /key "cs_key": .*found no usable connectivity_service/],
  ] as const) {
    writeFileSync(`${folder.path}/key.json`, text)
    writeFileSync(`${folder.path}/tls.pem`, 'PEM')
    const settings = {
      dataDirectory: `${folder.path}/data`,
      serviceKey: { file: 'key.json' },
      tls: { certificateFile: `${folder.path}/tls.pem`, key: { file: 'tls.pem' } },
      proxy: { integration: { connectivityService: { serviceCredentialsKey: 'cs_key' } } },
    }
    writeFileSync(`${folder.path}/proxy.yaml`, JSON.stringify(settings))
    const { status, stdout, stderr } = await runLandbridge(['proxy', '--config', `${folder.path}/proxy.yaml`])
    assert.notEqual(status, 0)
    assert.match(stderr, /serviceKey: secret of the connectivity service/)
    assert.match(stderr, expected)
    assert.equal(`${stdout}${stderr}`.includes(String(rest.clientsecret)), false)
  }
})

test('the health check reflects the process alone: it answers while token and connectivity service are down', async () => {
  const mortal = await Cloud.start()
  const { subaccount } = await mortal.newTenant()
  const pairedBy = await mortal.bind(subaccount, 'connectivity_proxy')
  const proxy = await startProxy(mortal, { pairedBy, settings: valid })
  const status = async (path: string) => (await fetch(`${proxy.healthUrl}${path}`)).status
  assert.deepEqual([await status('/healthcheck'), await status('/health/ready')], [200, 200])
  await mortal.close()
  while ((await status('/health/ready')) === 200) assert.equal(await status('/healthcheck'), 200)
  assert.deepEqual([await status('/healthcheck'), await status('/health/live')], [200, 200])
  await proxy.close()
  await assert.rejects(status('/healthcheck'))
})

test('metrics are off unless the operator switches them on, and tell connections and tunnels then (CP-192)', async () => {
  const usual = await start(valid)
  assert.equal((await fetch(`${usual.healthUrl}/metrics`)).status, 404)
  await usual.close()
  const proxy = await start({ ...valid, 'landbridge.health.metrics': true })
  const { headers } = await proxy.get()
  assert.ok(headers['proxy-authenticate'])
  const answer = await fetch(`${proxy.healthUrl}/metrics`)
  const text = await answer.text()
  await proxy.close()
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  assert.match(text, /^landbridge_proxy_connections_total\{proxy="http"\} 1$/m)
  assert.match(text, /^landbridge_proxy_connections\{proxy="socks5"\} 0$/m)
  assert.match(text, /^connectivity_business_data_tunnels_count 0$/m)
  assert.match(text, /^landbridge_proxy_ready 1$/m)
  assert.match(text, /^process_cpu_seconds_total \d/m)
})
