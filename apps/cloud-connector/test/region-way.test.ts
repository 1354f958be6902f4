import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import { describe, test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { LocalCa } from '@landbridge/identity'
import { systemClock } from '@landbridge/kernel'
import { startHttpBackend, startWireBackend, temporaryFolder } from '@landbridge/testkit'
import { StreamKind } from '@landbridge/tunnel'
import { cloudConnectorConfigSchema } from '../src/config.ts'
import { openExchange } from './fake-cloud-proxy.ts'
import { cloudPassword, cloudUser, regionHost } from './fake-region.ts'
import { configuration, id, send, startConnector, subaccountPath } from './running-connector.ts'
import { listeners, Scene, tunnelHost, until } from './scene.ts'

const dayMs = 86_400_000

const httpRequest = 'GET /hello HTTP/1.1\r\nHost: erp.virtual:80\r\n\r\n'

describe('the way to the region', () => {
  test('a typed region host is reached under its three host names on port 443, the tunnel host as the cloud names it (SCC-033, SCC-034, SCC-035, SCC-046, SCC-048)', async () => {
    await using scene = await Scene.start()
    assert.equal((await scene.pair()).tunnel.state, 'Connected')
    const tunnel = await scene.openTunnel()
    assert.deepEqual([tunnel.hello.type, tunnel.hello.subaccountId], ['tunnel-hello', id])
    assert.deepEqual(scene.out.targets, [
      `connectivitynotification.${regionHost}:443`,
      `connectivitycertsigning.${regionHost}:443`,
      `connectivitynotification.${regionHost}:443`,
      `${tunnelHost}:443`,
    ])
    const shown = await until(async () => (await scene.connector.call('GET', subaccountPath)).json.tunnel)
    assert.equal((await shown).connections, 1)
  })

  test('right after pairing the tunnel is open, and HTTP and TCP are denied because nothing is mapped (SCC-064, RFC-171)', async () => {
    await using scene = await Scene.start()
    await scene.pair()
    const tunnel = await scene.openTunnel()
    assert.deepEqual((await scene.connector.call('GET', `${subaccountPath}/systemMappings`)).json, [])
    const http = openExchange(tunnel, StreamKind.http, 'erp.virtual', 80, httpRequest)
    assert.match((await http.ended).toString(), /^HTTP\/1\.1 403 [\s\S]*Access denied to system erp\.virtual:80/)
    const tcp = openExchange(tunnel, StreamKind.tcp, 'erp.virtual', 9000, '')
    assert.deepEqual([...(await tcp.ended)], [2])
  })

  test('pairing and requests need no listening socket but that of the administration port (SCC-032, RFC-170)', async () => {
    await using scene = await Scene.start()
    const [before, after] = scene.listening
    assert.equal(after - before, 1)
    const now = listeners()
    await scene.pair()
    const backend = await startHttpBackend((_, response) => response.end('hello'))
    const path = await scene.expose(80, backend.port, 'HTTP')
    await scene.connector.call('POST', `${path}/resources`, { json: { id: '/', enabled: true } })
    const tunnel = await scene.openTunnel()
    const exchange = openExchange(tunnel, StreamKind.http, 'erp.virtual', 80, httpRequest)
    assert.match((await exchange.ended).toString(), /^HTTP\/1\.1 200 OK/)
    // The backend of the test listens as well.
    assert.equal(listeners(), now + 1)
    await backend.close()
  })

  test('a refreshed certificate with a new key registers anew while open connections go on (SCC-095, CERT-012)', async () => {
    await using scene = await Scene.start()
    const first = await scene.pair()
    const system = await startWireBackend()
    await scene.expose(9000, system.port, 'TCP')
    const tunnel = await scene.openTunnel()
    const exchange = openExchange(tunnel, StreamKind.tcp, 'erp.virtual', 9000, 'before ')
    const wire = await system.accept()
    assert.equal((await wire.read(7)).toString(), 'before ')
    const credentials = { user: cloudUser, password: cloudPassword }
    const renewed = await scene.connector.call(
      'POST',
      first._links.validity.href.replace(scene.connector.app.url, ''),
      {
        json: credentials,
      },
    )
    assert.equal(renewed.status, 200)
    assert.equal(renewed.json.tunnel.state, 'Connected')
    const serial = (json: typeof first) => json.tunnel.subaccountCertificate.serialNumber
    assert.notEqual(serial(renewed.json), serial(first))
    const requests = scene.region.asked.filter(({ url }) => url.endsWith('/certificates'))
    const [firstRequest, secondRequest] = requests.map(({ body }) => JSON.parse(body).csr)
    assert.equal(requests.length, 2)
    assert.notEqual(firstRequest, secondRequest)
    const other = await scene.openTunnel()
    assert.notEqual(other.serialNumber, tunnel.serialNumber)
    assert.equal(other.serialNumber, scene.region.controls.at(-1)?.serialNumber)
    exchange.stream.write(Buffer.from('after'))
    assert.equal((await wire.read(5)).toString(), 'after')
    wire.send('answer')
    assert.equal((await exchange.received(7)).toString(), '\0answer')
    const next = openExchange(other, StreamKind.tcp, 'erp.virtual', 9000, '')
    await next.received(1)
    await system.close()
  })

  test('a certificate that has expired is refreshed, and the tunnel comes up (SCC-096, API1-206, CERT-012)', async () => {
    await using scene = await Scene.start()
    const { region, connector } = scene
    const longAgo = { ...systemClock, now: () => Date.now() - 400 * dayMs }
    region.signer = LocalCa.load(region.ca.certificatePem, region.ca.keyPem.reveal(), longAgo)
    const paired = await scene.pair()
    assert.equal(paired.tunnel.state, 'ConnectFailure')
    assert.ok(paired.tunnel.subaccountCertificate.notAfterTimeStamp < Date.now())
    region.signer = undefined
    const renewed = await connector.call('POST', `${subaccountPath}/validity`, {
      json: { user: cloudUser, password: cloudPassword },
    })
    assert.equal(renewed.status, 200)
    assert.equal(renewed.json.tunnel.state, 'Connected')
    assert.ok(renewed.json.tunnel.subaccountCertificate.notAfterTimeStamp > Date.now())
    await scene.openTunnel()
  })

  test('an LDAP mapping is led to a backup server by one edit; the next connection reaches it (SCC-246)', async () => {
    await using scene = await Scene.start()
    await scene.pair()
    const [primary, backup] = [await startWireBackend(), await startWireBackend()]
    const path = await scene.expose(389, primary.port, 'LDAP')
    const tunnel = await scene.openTunnel()
    const first = openExchange(tunnel, StreamKind.tcp, 'erp.virtual', 389, 'one')
    assert.equal((await (await primary.accept()).read(3)).toString(), 'one')
    const mapping = (await scene.connector.call('GET', path)).json
    const edited = await scene.connector.call('PUT', path, { json: { ...mapping, localPort: String(backup.port) } })
    assert.equal(edited.status, 204, edited.text)
    openExchange(tunnel, StreamKind.tcp, 'erp.virtual', 389, 'two')
    assert.equal((await (await backup.accept()).read(3)).toString(), 'two')
    assert.equal(primary.accepted, 1)
    assert.ok(first.stream.isOpen)
    await primary.close()
    await backup.close()
  })
})

test('the administration listens on 8443 unless told otherwise, over TLS only, for page and REST API alike (SCC-007)', async () => {
  assert.equal(cloudConnectorConfigSchema.properties.port.default, 8443)
  using folder = temporaryFolder()
  const connector = await startConnector(folder.path)
  const { protocol, port } = new URL(connector.app.url)
  assert.equal(protocol, 'https:')
  assert.equal((await connector.call('GET', '/')).status, 200)
  assert.equal((await connector.call('GET', `${configuration}/connector`)).status, 200)
  const [plain] = await once(get(`http://127.0.0.1:${port}/`), 'response')
  assert.equal(plain.resume().statusCode, 400)
  await connector.close()
})

test('the first start makes a certificate of its own for the host names of the connector, and later ones keep it (SCC-010)', async () => {
  using folder = temporaryFolder()
  const names = ['scc.plant.example', 'localhost']
  const seen: string[] = []
  for (const _ of [1, 2]) {
    const connector = await startConnector(folder.path, undefined, { dnsNames: names })
    const leaf = await served(Number(new URL(connector.app.url).port), connector.app.uiCa)
    for (const name of names) assert.equal(leaf.checkHost(name), name)
    assert.equal(leaf.checkHost('other.example'), undefined)
    // Nobody else vouches for it: its chain ends in an authority that signed itself.
    const root = new X509Certificate(connector.app.uiCa)
    assert.ok(root.verify(root.publicKey) && leaf.verify(root.publicKey))
    assert.equal((await send(connector.app, 'GET', '/', {})).status, 200)
    seen.push(leaf.fingerprint256)
    await connector.close()
  }
  assert.equal(new Set(seen).size, 1)
})

function served(port: number, ca: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: '127.0.0.1', port, servername: 'scc.plant.example', ca }, () => {
      const certificate = socket.getPeerX509Certificate()
      socket.destroy()
      if (certificate === undefined) reject(new Error('no certificate'))
      else resolve(certificate)
    })
    socket.once('error', reject)
  })
}
