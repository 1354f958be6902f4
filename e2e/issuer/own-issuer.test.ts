import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { createServer as createHttpServer, request } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import {
  type CertificateBackend,
  callJson,
  runLandbridge,
  startCertificateBackend,
  temporaryFolder,
} from '@landbridge/testkit'
import { SocksClient } from 'socks'
import { eventually } from '../harness/eventually.ts'
import { IdentityProvider, otherResource, resource, tenantClaim } from './identity-provider.ts'
import { Landscape } from './landscape.ts'

const folder = temporaryFolder()
let landscape: Landscape
let erp: Server
let echo: Server
let secured: CertificateBackend

before(async () => {
  landscape = await Landscape.start(folder.path)
  erp = createHttpServer((_request, response) => void response.end('the ERP system'))
  echo = createTcpServer((socket) => void socket.pipe(socket))
  for (const server of [erp, echo]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const onPremise = '/connector/onPremise'
  for (const [kind, subjectDN] of [
    ['systemCertificate', 'CN=connector'],
    ['ppCaCertificate', 'CN=PP CA'],
  ])
    await landscape.administrate('POST', `${onPremise}/${kind}`, { type: 'selfsigned', keySize: 2048, subjectDN })
  const { text: chain } = await landscape.administrate('GET', `${onPremise}/systemCertificate/chain`)
  secured = await startCertificateBackend(chain)
  const form = new FormData()
  form.append('certificate', new Blob([secured.ca]), 'ca.pem')
  await landscape.administrate('POST', `${onPremise}/truststore/certificates`, form)
  await landscape.expose({ virtualHost: 'erp.virtual', protocol: 'HTTP', localPort: portOf(erp) })
  await landscape.expose({ virtualHost: 'echo.virtual', protocol: 'TCP', localPort: portOf(echo) })
  const authenticationMode = 'X509_GENERAL'
  const system = { virtualHost: 'hr.virtual', protocol: 'HTTPS', localPort: secured.port, authenticationMode } as const
  await landscape.expose(system)
  await landscape.administrate('POST', `${landscape.ownSubaccount}/trust`)
})

after(async () => {
  await landscape?.stop()
  erp?.close()
  echo?.close()
  await secured?.close()
  folder[Symbol.dispose]()
})

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** A call through the HTTP proxy: status and body. */
async function ask(host: string, token: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: landscape.httpPort,
      path: `http://${host}:443/`,
      headers: { host, 'proxy-authorization': `Bearer ${token}`, ...headers },
      agent: false as const,
    }
    request(options, resolve).on('error', reject).end()
  })
  return `${answer.statusCode} ${answer.headers['x-landbridge-error'] ?? ''} ${await text(answer)}`
}

async function connectEcho(token: string): Promise<string> {
  const jwt = Buffer.from(token)
  const head = Buffer.alloc(5)
  head[0] = 1
  head.writeUInt32BE(jwt.length, 1)
  const { socket } = await SocksClient.createConnection({
    command: 'connect',
    timeout: 10_000,
    destination: { host: 'echo.virtual', port: 443 },
    proxy: {
      host: '127.0.0.1',
      port: landscape.socksPort,
      type: 5,
      custom_auth_method: 0x80,
      custom_auth_request_handler: async () => Buffer.concat([head, jwt, Buffer.of(0)]),
      custom_auth_response_size: 2,
      custom_auth_response_handler: async (answer) => answer[0] === 1 && answer[1] === 0,
    },
  })
  socket.end('over the bridge')
  return text(socket)
}

function destinations(token: string, method = 'GET', path = '', body?: object) {
  const url = `${landscape.url('destination-service')}/destination-configuration/v1${path}`
  return callJson({
    method,
    url,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body }),
  })
}

test('a token of an external issuer opens the way to internal systems, by HTTP and by SOCKS5', async () => {
  const token = await landscape.provider.token({ clientId: 'connectivity' })
  assert.equal(await ask('erp.virtual', token), '200  the ERP system')
  assert.equal(await connectEcho(token), 'over the bridge')
})

test('only clients that stand for a connectivity instance may use the proxy', async () => {
  for (const clientId of ['destination', 'stranger'])
    assert.match(
      await ask('erp.virtual', await landscape.provider.token({ clientId })),
      /^40[37] PROXY_CLIENT_NOT_ALLOWED/,
    )
})

test('its clients keep destinations, each on the level of the service instance it stands for', async () => {
  const token = await landscape.provider.token({ clientId: 'destination' })
  const destination = { Name: 'erp', Type: 'HTTP', URL: 'http://erp.virtual', ProxyType: 'OnPremise' }
  const full = { ...destination, Authentication: 'NoAuthentication' }
  for (const level of ['instance', 'subaccount'])
    assert.equal((await destinations(token, 'POST', `/${level}Destinations`, full)).status, 201)
  const { status, json } = await destinations(token, 'GET', '/destinations/erp')
  assert.equal(status, 200)
  assert.equal(json.owner.SubaccountId, landscape.subaccountId)
  assert.equal(typeof json.owner.InstanceId, 'string')
  const foreign = await destinations(
    await landscape.provider.token({ clientId: 'connectivity' }),
    'GET',
    '/destinations/erp',
  )
  assert.equal(foreign.status, 403)
})

test('bindings carry the address of the issuer and the configured client', async () => {
  const data = ['--data', join(folder.path, 'cloud')]
  const { status, stdout, stderr } = await runLandbridge(['env', '--stdout', '--subaccount', 'plant', ...data])
  assert.equal(status, 0, stderr)
  const { VCAP_SERVICES: services } = JSON.parse(stdout)
  const { credentials } = services.connectivity[0]
  const { issuer, secret } = landscape.provider
  const { url, clientid, clientsecret, uaadomain, verificationkey } = credentials
  assert.deepEqual(
    { url, clientid, clientsecret, uaadomain, verificationkey },
    {
      url: issuer,
      clientid: 'connectivity',
      clientsecret: secret,
      uaadomain: new URL(issuer).host,
      verificationkey: undefined,
    },
  )
  assert.equal(services.destination[0].credentials.clientid, 'destination')
})

test('an instance that the broker makes belongs to the client that the configuration names, and init_data is found with its token', async () => {
  const { services } = (await landscape.broker('GET', '/catalog')).json
  const offered = services.find(({ name }: { name: string }) => name === 'destination')
  const kind = { service_id: offered.id, plan_id: offered.plans[0].id }
  const order = (name: string) => ({
    ...kind,
    organization_guid: 'org',
    space_guid: 'space',
    context: { platform: 'sapcp', subaccount_id: landscape.subaccountId, instance_name: name },
    parameters: {
      init_data: { instance: { destinations: [{ Name: 'initial', Type: 'HTTP', URL: 'https://initial.example' }] } },
    },
  })
  const credentials = async (id: string) => {
    const bound = await landscape.broker('PUT', `/service_instances/${id}/service_bindings/${id}-key`, kind)
    assert.equal(bound.status, 201, bound.text)
    return bound.json.credentials
  }
  for (const [id, name] of [
    ['ordered-1', 'from-the-broker'],
    ['ordered-2', 'of-nobody'],
  ] as const) {
    const made = await landscape.broker('PUT', `/service_instances/${id}`, order(name))
    assert.equal(made.status, 201, made.text)
  }
  const { clientid, clientsecret, url } = await credentials('ordered-1')
  assert.deepEqual([clientid, clientsecret, url], ['ordered', landscape.provider.secret, landscape.provider.issuer])
  const token = await landscape.provider.token({ clientId: 'ordered' })
  const found = await destinations(token, 'GET', '/destinations/initial')
  assert.equal(found.json.destinationConfiguration.URL, 'https://initial.example')
  // No secret that no token service would take.
  const unknown = await credentials('ordered-2')
  assert.deepEqual([unknown.clientid, unknown.clientsecret], [undefined, undefined])
  for (const id of ['ordered-1', 'ordered-2']) {
    const query = new URLSearchParams(kind)
    const unbound = await landscape.broker('DELETE', `/service_instances/${id}/service_bindings/${id}-key?${query}`)
    assert.equal(unbound.status, 200, unbound.text)
    assert.equal((await landscape.broker('DELETE', `/service_instances/${id}?${query}`)).status, 200)
  }
  assert.equal((await destinations(token, 'GET', '/destinations/initial')).status, 403)
})

test('its operator clients administer the platform, other clients do not', async () => {
  const list = async (clientId: string) =>
    landscape.operate('GET', '/subaccounts', undefined, await landscape.provider.token({ clientId }))
  const own = await list('operations')
  assert.deepEqual([own.status, own.json[0].id], [200, landscape.subaccountId])
  assert.equal((await list('connectivity')).status, 403)
})

test('its users arrive in internal systems, by their own token or beside that of the application', async () => {
  const { provider } = landscape
  const alice = await provider.token({ clientId: 'connectivity', user: 'alice@plant.example' })
  const seen = async (answer: Promise<string>) => {
    const shown = await answer
    assert.match(shown, /^200 /)
    return JSON.parse(shown.slice(shown.indexOf('{')))
  }
  assert.match((await seen(ask('hr.virtual', alice))).user, /CN=alice@plant\.example/)
  const technical = await provider.token({ clientId: 'connectivity' })
  assert.equal((await seen(ask('hr.virtual', technical))).header, null)
  const bob = await provider.token({ clientId: 'stranger', user: 'bob@plant.example' })
  const both = await seen(ask('hr.virtual', technical, { 'sap-connectivity-authentication': `Bearer ${bob}` }))
  assert.match(both.user, /CN=bob@plant\.example/)
})

test('the connector itself refuses users of another tenant or another audience of the same issuer', async () => {
  const { provider } = landscape
  const technical = await provider.token({ clientId: 'connectivity' })
  const as = (token: string) => ask('hr.virtual', technical, { 'sap-connectivity-authentication': token })
  assert.match(
    await as(await provider.token({ clientId: 'lost', user: 'eve@other.example' })),
    /^403 PROPAGATION_TENANT/,
  )
  const claims = { client_id: 'stranger', [tenantClaim]: 'acme', email: 'eve@other.example' }
  assert.match(await as(await provider.forge({ ...claims, aud: otherResource })), /^401 TOKEN_AUDIENCE/)
  assert.match(await as(await provider.forge({ ...claims, exp: 1 })), /^401 PROPAGATION_EXPIRED/)
})

test('what the issuer did not sign for this platform is refused with the reason, by 407 and by 401', async () => {
  const { provider, ca } = landscape
  await using other = await IdentityProvider.start(ca, { connectivity: 'acme' })
  const claims = { client_id: 'connectivity', [tenantClaim]: 'acme' }
  const foreignKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  const unsigned = (await provider.forge(claims)).split('.')
  unsigned[0] = Buffer.from(JSON.stringify({ alg: 'none', kid: provider.keyId })).toString('base64url')
  const wrong: Readonly<Record<string, string>> = {
    TOKEN_SIGNATURE: await provider.forge(claims, foreignKey as never),
    TOKEN_AUDIENCE: await provider.token({ clientId: 'connectivity', resource: otherResource }),
    TOKEN_ISSUER: await other.token({ clientId: 'connectivity' }),
    TOKEN_EXPIRED: await provider.forge({ ...claims, exp: Math.floor(Date.now() / 1000) - 3_600 }),
    TOKEN_NOT_YET_VALID: await provider.forge({ ...claims, nbf: Math.floor(Date.now() / 1000) + 3_600 }),
    TOKEN_ALGORITHM: `${unsigned[0]}.${unsigned[1]}.`,
    TOKEN_TENANT_UNKNOWN: await provider.token({ clientId: 'lost' }),
  }
  for (const [code, token] of Object.entries(wrong)) {
    assert.ok((await ask('erp.virtual', token)).startsWith(`407 ${code} `), code)
    await assert.rejects(connectEcho(token), code)
    assert.equal((await destinations(token, 'GET', '/destinations/erp')).status, 401, code)
    const administration = await landscape.operate('GET', '/subaccounts', undefined, token)
    assert.deepEqual([administration.status, administration.json.code], [401, code])
  }
  const unknownTenant = await ask('erp.virtual', wrong.TOKEN_TENANT_UNKNOWN ?? '')
  assert.match(unknownTenant, /unheard-of[\s\S]*identity\.external[\s\S]*"tenants"/)
  const accepted = await provider.forge({ ...claims, exp: Math.floor(Date.now() / 1000) - 30, aud: ['x', resource] })
  assert.match(await ask('erp.virtual', accepted), /^200 /, 'clocks may differ by a minute')
})

test('a new key of the issuer is picked up everywhere without a restart', async () => {
  const { provider } = landscape
  await provider.rotate()
  const token = await provider.token({ clientId: 'connectivity' })
  const destination = await provider.token({ clientId: 'destination' })
  const alice = await provider.token({ clientId: 'connectivity', user: 'alice@plant.example' })
  await eventually('the proxy', async () => (await ask('erp.virtual', token)) === '200  the ERP system')
  const find = () => destinations(destination, 'GET', '/destinations/erp')
  await eventually('the destination service', async () => (await find()).status === 200)
  // The cloud side noticed, and told the connector.
  await eventually('the connector', async () => /^200 .*alice/s.test(await ask('hr.virtual', alice)))
})
