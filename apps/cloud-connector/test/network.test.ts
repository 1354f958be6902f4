import assert from 'node:assert/strict'
import dns from 'node:dns/promises'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, describe, mock, test } from 'node:test'
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls'
import { LocalCa } from '@landbridge/identity'
import { freePort, temporaryFolder } from '@landbridge/testkit'
import { tunnelAlpn } from '@landbridge/tunnel'
import { startWayOut } from './fake-cloud-proxy.ts'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, type RunningConnector, startConnector, subaccountPath } from './running-connector.ts'
import { until } from './scene.ts'

const overview = `/api/v1/landbridge/subaccounts/${regionHost}/${id}/overview`
const credentials = { user: 'me', password: 'pass:word' }

// One after the other: each test goes on with the network that the one before left.
describe('the network between connector and cloud', () => {
  const folder = temporaryFolder()
  const closers: (() => unknown)[] = []
  /** Where the names of the region lead at the moment. */
  let addresses = ['127.0.0.1']
  let region: FakeRegion
  let connector: RunningConnector

  before(async () => {
    mock.method(dns, 'lookup', async () => addresses.map((address) => ({ address, family: 4 })))
    region = await startFakeRegion()
    connector = await startConnector(folder.path, region, {
      regions: { [regionHost]: { port: region.port, ca: region.ca.certificatePem } },
    })
  })
  after(async () => {
    await connector?.close()
    await region?.close()
    for (const close of closers) await close()
    mock.restoreAll()
    folder[Symbol.dispose]()
  })

  const pair = () =>
    connector.call('POST', `${configuration}/subaccounts`, {
      json: { regionHost, subaccount: id, cloudUser, cloudPassword },
    })
  const setProxy = (port: number, login: object = {}) =>
    connector.call('PUT', `${configuration}/connector/proxy`, { json: { host: '127.0.0.1', port, ...login } })
  const proxyStatus = async () => (await connector.call('GET', '/api/v1/landbridge/proxyStatus')).json
  const lights = async () => (await connector.call('GET', overview)).json
  const tunnel = async () => (await connector.call('GET', subaccountPath)).json.tunnel

  /** The overview as soon as it fits. */
  async function shows(fits: (json: Awaited<ReturnType<typeof lights>>) => boolean) {
    const limit = AbortSignal.timeout(15_000)
    for (;;) {
      const json = await lights()
      if (fits(json)) return json
      limit.throwIfAborted()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async function listen(server: Server, host = '127.0.0.1', port = 0): Promise<number> {
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => sockets.add(socket))
    server.listen(port, host)
    await once(server, 'listening')
    closers.push(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return (server.address() as AddressInfo).port
  }

  test('a proxy without CONNECT makes pairing fail with that reason, and its status shows it (SCC-041)', async () => {
    assert.deepEqual(await proxyStatus(), { status: 'grey', cause: 'no proxy is configured' })
    const plain = createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 405 Method Not Allowed\r\n\r\n'))
    })
    const port = await listen(plain)
    await setProxy(port)
    assert.equal((await proxyStatus()).status, 'yellow')
    const refused = await pair()
    assert.equal(refused.status, 500)
    assert.match(refused.json.message, /HTTPS proxy did not open the connection .*does not support CONNECT \(405\)/)
    const cause = 'it does not support CONNECT (405)'
    assert.deepEqual(await proxyStatus(), { host: '127.0.0.1', port: String(port), status: 'red', cause })
    assert.deepEqual((await connector.call('GET', `${configuration}/subaccounts`)).json, [])
  })

  test('where a proxy offers NTLM and Basic, the credentials are sent with Basic (SCC-040)', async () => {
    const seen: string[] = []
    const proxy = createServer((client) => {
      client
        .on('error', () => {})
        .once('data', (chunk) => {
          const head = chunk.toString()
          seen.push(/proxy-authorization: (.*)/i.exec(head)?.[1] ?? '')
          if (seen.at(-1) !== 'Basic bWU6cGFzczp3b3Jk')
            return client.end(
              'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n',
            )
          const onward = connect(region.port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
          onward.on('error', () => {}).on('close', () => client.destroy())
          client.on('close', () => onward.destroy())
          client.pipe(onward).pipe(client)
        })
    })
    const port = await listen(proxy)
    await setProxy(port)
    assert.match((await pair()).json.message, /wants user and password \(NTLM, Basic\)/)
    await setProxy(port, credentials)
    const added = await pair()
    assert.equal(added.status, 201, added.text)
    assert.equal(added.json.tunnel.state, 'Connected')
    assert.deepEqual(seen, ['', ...Array(3).fill('Basic bWU6cGFzczp3b3Jk')])
    assert.deepEqual(await proxyStatus(), { host: '127.0.0.1', port: String(port), status: 'green' })
  })

  test('the overview derives a light from each part of the way, with the cause (SCC-093)', async () => {
    const { regionHost: host, httpsProxy, subaccountCertificate, initiatedBy, certificate } = await lights()
    assert.deepEqual([host, httpsProxy, subaccountCertificate], Array(3).fill({ status: 'green' }))
    assert.equal(initiatedBy, cloudUser)
    assert.equal(certificate.serialNumber, (await tunnel()).subaccountCertificate.serialNumber)
    const before = region.controls.length
    await setProxy(await freePort())
    const away = await shows(({ state }) => state === 'failed')
    assert.equal(away.httpsProxy.status, 'red')
    assert.match(away.httpsProxy.cause, /HTTPS proxy cannot be reached.*ECONNREFUSED/)
    assert.deepEqual(away.regionHost, {
      status: 'yellow',
      cause: 'not known while the HTTPS proxy opens no connection',
    })
    assert.equal(region.controls.length, before)
  })

  test('another proxy, and none, are used by the next connection without pairing again (SCC-043)', async () => {
    const other = await startWayOut(() => region.port)
    closers.push(() => other.close())
    await setProxy(other.port)
    await shows(({ state }) => state === 'connected')
    assert.deepEqual(other.targets, [`connectivitynotification.${regionHost}:${region.port}`])
    const known = region.controls.length
    await connector.call('DELETE', `${configuration}/connector/proxy`)
    await until(() => region.controls[known])
    const json = await shows(({ state }) => state === 'connected')
    assert.deepEqual(json.httpsProxy, { status: 'grey', cause: 'no proxy is configured' })
    assert.equal(other.targets.length, 1)
    assert.equal(region.asked.filter(({ url }) => url.endsWith('/certificates')).length, 1)
  })

  test('when the name of the region leads elsewhere, the next reconnect goes there (SCC-037)', async () => {
    await region.close()
    const red = await shows(({ state, regionHost: host }) => state === 'failed' && host.status === 'red')
    assert.match(red.regionHost.cause, /cannot be reached.*ECONNREFUSED/)
    region = await startFakeRegion(region, '127.0.0.9')
    addresses = ['127.0.0.9']
    await shows(({ state }) => state === 'connected')
    assert.equal(region.controls.length, 1)
  })

  test('a middlebox that opens TLS is told as the reason, and nothing is connected to (SCC-044)', async () => {
    const names = { dnsNames: [`connectivitynotification.${regionHost}`], days: 1 }
    const corporate = await LocalCa.create({ subject: { CN: 'Corporate Firewall' } })
    const dialled: Socket[] = []
    const open = async (host: string, ca: LocalCa, protocols: string[]): Promise<void> => {
      const identity = await ca.issueServer(names)
      const box = createTlsServer({ ...identity, ALPNProtocols: protocols }, (client) => {
        const onward = tlsConnect({
          host: '127.0.0.9',
          port: region.port,
          ca: region.ca.certificatePem,
          servername: names.dnsNames[0]!,
          ALPNProtocols: protocols,
        })
        dialled.push(onward)
        for (const end of [client, onward]) end.on('error', () => {})
        client.on('close', () => onward.destroy())
        onward.on('close', () => client.destroy())
        client.pipe(onward).pipe(client)
      })
      await listen(
        box.on('tlsClientError', () => {}),
        host,
        region.port,
      )
    }
    const through = async (address: string, cause: RegExp): Promise<void> => {
      const known = region.controls.length
      addresses = [address]
      await connector.call('PUT', `${subaccountPath}/state`, { json: { connected: false } })
      await connector.call('PUT', `${subaccountPath}/state`, { json: { connected: true } })
      const json = await shows(({ regionHost: host }) => cause.test(host.cause ?? ''))
      assert.notEqual(json.state, 'connected')
      assert.notEqual(json.regionHost.status, 'green')
      assert.equal(region.controls.length, known)
    }
    await open('127.0.0.10', corporate, [tunnelAlpn])
    await through('127.0.0.10', /not trusted.*issued by CN=Corporate Firewall/)
    // Trusted, because somebody configured its authority for the region.
    await open('127.0.0.11', region.ca, ['http/1.1'])
    await through('127.0.0.11', /does not speak its protocol/)
    // Opens TLS for both sides and passes the protocol on: the cloud side misses the certificate of the connector.
    await open('127.0.0.12', region.ca, [tunnelAlpn])
    await through('127.0.0.12', /TUNNEL_LOST/)
    assert.ok(dialled.length > 0)
    addresses = ['127.0.0.9']
    await shows(({ state }) => state === 'connected')
    // The cloud side says where tunnels lead. Who signs what in this network is none of its business.
    const known = region.results.length
    const proxy = { host: '127.0.0.10', port: region.port, serverName: names.dnsNames[0]! }
    region.controls.at(-1)?.channel.send({ type: 'open-tunnel', ticket: 't', ...proxy })
    const { reason } = await until(() => region.results[known])
    assert.match(String(reason), /not trusted/)
    assert.doesNotMatch(String(reason), /Corporate/)
  })
})
