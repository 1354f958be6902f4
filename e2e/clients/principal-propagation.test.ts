import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { openClient, readBindings } from '@landbridge/client'
import { LocalCa } from '@landbridge/identity'
import { startPlatform, type TestPlatform } from '@landbridge/testkit'
import { createDestination, expose } from './support/administration.ts'
import { startApprouter } from './support/approuter.ts'
import { JarClient } from './support/jar-client.ts'
import { createCertificate, trustBackends, trustThePlatform } from './support/propagation.ts'
import { SdkApplication } from './support/sdk-application.ts'
import { technicalToken, userToken } from './support/tokens.ts'

const platform = await startPlatform()
after(() => platform.stop())

/**
 * An on-premise system as guide L21130 describes it: it believes a connector that proves itself by its system
 * certificate, and logs on whom the certificate in the header names, if the connector's authority signed it.
 */
async function startSystem(platform: TestPlatform) {
  const connectorCertificate = await createCertificate(platform, 'systemCertificate', 'CN=Connector of the plant')
  const userAuthority = new X509Certificate(
    await createCertificate(platform, 'ppCaCertificate', 'CN=Users of the plant'),
  )
  const authority = await LocalCa.create({ subject: { CN: 'Authority of the plant' } })
  const server = await authority.issueServer({ dnsNames: [], ipAddresses: ['127.0.0.1'], days: 1 })
  await trustBackends(platform, authority.certificatePem)
  const system = createServer(
    { ...server, ca: connectorCertificate, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const header = String(request.headers.ssl_client_cert ?? '')
      const shown = header === '' ? undefined : new X509Certificate(Buffer.from(header, 'base64'))
      const user = shown?.verify(userAuthority.publicKey) === true ? shown.subject : 'nobody'
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ user }))
    },
  )
  await once(system.listen(0, '127.0.0.1'), 'listening')
  return system
}

test('a user of the SAP Cloud SDK, of the client library or of the approuter is logged on at the backend by a certificate in the name of that user (CONN-063, CONN-065, CONN-260, RC-118, RC-173, RFC-178)', async () => {
  const system = await startSystem(platform)
  try {
    const { port: backendPort } = system.address() as AddressInfo
    const authenticationMode = 'X509_GENERAL'
    await expose(platform, { virtualHost: 'plant.virtual', backendPort, protocol: 'HTTPS', authenticationMode })
    const target = { URL: 'http://plant.virtual', ProxyType: 'OnPremise' }
    await createDestination(platform, { Name: 'plant-user', Authentication: 'PrincipalPropagation', ...target })
    await createDestination(platform, { Name: 'plant', Authentication: 'NoAuthentication', ...target })
    await using application = await SdkApplication.start(platform)
    const request = { url: '/whoami' }
    const jwt = await userToken(platform)
    const untrusted = await application.call({ destination: 'plant-user', jwt, request })
    assert.equal(untrusted.status, 403)
    assert.match(untrusted.data, /does not trust the identity provider/)
    await trustThePlatform(platform)
    const asUser = await application.call({ destination: 'plant-user', jwt, request })
    assert.deepEqual(
      [asUser.status, asUser.data],
      [200, { user: `CN=${platform.credentials.user.name}` }],
      asUser.failure,
    )
    await assertClientLibrary(platform, jwt)
    await assertApprouter(platform)
    const technical = await application.call({ destination: 'plant', request })
    assert.deepEqual([technical.status, technical.data], [200, { user: 'nobody' }], technical.failure)
    const tampered = `${await technicalToken(platform, 'destination')}AAAA`
    const broken = await application.call({ destination: 'plant-user', jwt: tampered, request })
    assert.ok(broken.failure)
  } finally {
    system.closeAllConnections()
    system.close()
  }
})

/** The same call through the unchanged approuter, after a login in a browser. */
async function assertApprouter(platform: TestPlatform): Promise<void> {
  const target = { URL: 'http://plant.virtual:80', ProxyType: 'OnPremise' }
  await createDestination(platform, { Name: 'erp-user', Authentication: 'PrincipalPropagation', ...target })
  await using router = await startApprouter(platform)
  const browser = new JarClient(platform.ca)
  const address = `http://localhost:${router.port}/erp-user/whoami`
  await router.logOn(browser, address, platform.credentials.user)
  const { status, text: page } = await browser.visit(address)
  assert.equal(status, 200, page + router.output())
  assert.deepEqual(JSON.parse(page), { user: `CN=${platform.credentials.user.name}` })
}

/** The same call with the client library: with two headers, and with the one header of an HTTP client of one's own. */
async function assertClientLibrary(platform: TestPlatform, userToken: string): Promise<void> {
  const { VCAP_SERVICES } = platform.environment
  await using client = openClient({ bindings: readBindings({ environment: { VCAP_SERVICES } }), ca: platform.ca })
  const destination = await client.findDestination('plant-user', { userToken })
  const expected = { user: `CN=${platform.credentials.user.name}` }
  assert.deepEqual(await (await client.fetch(destination, '/whoami')).json(), expected)
  const { name, value } = await client.headerProvider.getPrincipalPropagationHeader(userToken)
  const { host, port } = client.proxyFor(destination)!
  const request = get({ host, port, path: 'http://plant.virtual/whoami', headers: { [name]: value } })
  const [answer] = await once(request, 'response')
  assert.deepEqual(JSON.parse(await text(answer)), expected)
}
