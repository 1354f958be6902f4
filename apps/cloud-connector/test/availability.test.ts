import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { freePort } from '@landbridge/testkit'
import { StreamKind } from '@landbridge/tunnel'
import { type FakeTunnel, openExchange } from './fake-cloud-proxy.ts'
import { type Answer, configuration, form, subaccountPath } from './running-connector.ts'
import { Scene } from './scene.ts'

const mappings = `${subaccountPath}/systemMappings`
const check = `${subaccountPath}/availability`
const onPremise = `${configuration}/connector/onPremise`
const tcpWarning =
  'TCP connections can pose a security risk by permitting unmonitored traffic. Ensure only trustworthy applications have access.'
type Found = { virtualHost: string; state: string; details: { level: string; code: string; text: string }[] }

const mapping = (virtualHost: string, localPort: number, protocol = 'HTTP', localHost = 'localhost') => ({
  ...{ virtualHost, virtualPort: '80', localHost, localPort: String(localPort) },
  ...{ protocol, backendType: 'nonSAPsys' },
})

describe('availability check', () => {
  let scene: Scene
  let tunnel: FakeTunnel
  const servers: Server[] = []
  let open: number
  let closed: number
  const ok = async (method: string, path: string, json?: object): Promise<Answer> => {
    const answer = await scene.connector.call(method, path, json === undefined ? {} : { json })
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer
  }
  const listen = async (server: Server): Promise<number> => {
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    return (server.address() as AddressInfo).port
  }
  before(async () => {
    scene = await Scene.start()
    await scene.pair()
    tunnel = await scene.openTunnel()
    open = await listen(createServer((_request, response) => response.end('hello')))
    closed = await freePort()
  })
  beforeEach(async () => {
    await ok('DELETE', mappings)
  })
  after(async () => {
    await scene[Symbol.asyncDispose]()
    for (const server of servers) server.close()
  })

  const brief = (answer: Answer): string[] =>
    (answer.json as Found[]).map(
      ({ virtualHost, state, details }) => `${virtualHost} ${state} ${details.map(({ code }) => code).join()}`,
    )

  test('one, several or all mappings are checked at any time, each with its own finding (SCC-189)', async () => {
    for (const [host, port] of [
      ['up', open],
      ['down', closed],
      ['lost', open],
    ] as const)
      await ok('POST', mappings, mapping(host, port, 'HTTP', host === 'lost' ? 'nowhere.invalid' : 'localhost'))
    const all = ['up REACHABLE ', 'down WARNING REFUSED', 'lost WARNING HOST_UNKNOWN']
    assert.deepEqual(brief(await ok('POST', check)), all)
    assert.deepEqual(brief(await ok('POST', check, { mappings: ['down:80'] })), [all[1]])
    assert.deepEqual(brief(await ok('POST', check, { mappings: ['lost:80', 'UP:80'] })), [all[2], all[0]])
    const [found] = (await ok('POST', check, { mappings: ['up:80'] })).json
    assert.match(found.address, /port \d+$/)
    assert.deepEqual(
      [found.localHost, found.localPort, found.protocol, found.details],
      ['localhost', String(open), 'HTTP', []],
    )
    for (const [json, status] of [
      [{ mappings: ['none:80'] }, 404],
      [{ mappings: [7] }, 400],
      [{ mappings: 'up:80' }, 400],
      [{ mapping: { virtualHost: 'x' } }, 400],
      [{ mapping: { ...mapping('x', 1), localHost: 'a b' } }, 400],
      [{ mappings: Array(101).fill('up:80') }, 400],
    ] as const)
      assert.equal((await scene.connector.call('POST', check, { json })).status, status, JSON.stringify(json))
  })

  test('a check at save tells what it found and never keeps the mapping from being saved (SCC-189)', async () => {
    const created = await ok('POST', `${mappings}?checkAvailability=true`, mapping('down', closed))
    assert.deepEqual([created.status, created.json.state], [201, 'WARNING'])
    assert.equal(created.headers.location, `${scene.connector.app.url}${mappings}/down:80`)
    assert.equal((await ok('GET', `${mappings}/down:80`)).json.localPort, String(closed))
    const changed = await ok('PUT', `${mappings}/down:80?checkAvailability=true`, mapping('down', open))
    assert.deepEqual([changed.status, changed.json.state, changed.json.details], [200, 'REACHABLE', []])
    const silent = await ok('PUT', `${mappings}/down:80`, mapping('down', closed))
    assert.deepEqual([silent.status, silent.text], [204, ''])
    const json = mapping('other', open)
    const odd = await scene.connector.call('POST', `${mappings}?checkAvailability=maybe`, { json })
    assert.equal(odd.status, 400)
    assert.equal((await scene.connector.call('GET', `${mappings}/other:80`)).status, 404)
  })

  test('the system certificate of the connector is what the check shows to systems that ask (SCC-190)', async () => {
    const ca = await LocalCa.create({ subject: { CN: 'Ours' } })
    const server = await ca.issueServer({ dnsNames: ['localhost'], days: 1 })
    const own = { type: 'selfsigned', keySize: 2048, subjectDN: 'CN=system' }
    await ok('POST', `${onPremise}/systemCertificate`, own)
    const upload = form({ certificate: ca.certificatePem })
    assert.equal((await scene.connector.call('POST', `${onPremise}/truststore/certificates`, upload)).status, 201)
    const options = { ...server, requestCert: true, ca: ca.certificatePem }
    const strict = await listen(
      createTlsServer({ ...options, rejectUnauthorized: true }).on('tlsClientError', () => {}),
    )
    const lenient = await listen(createTlsServer({ ...options, rejectUnauthorized: false }))
    await ok('POST', mappings, mapping('strict', strict, 'HTTPS'))
    await ok('POST', mappings, mapping('lenient', lenient, 'HTTPS'))
    await ok('POST', mappings, mapping('tcp', strict, 'TCPS'))
    const found = await ok('POST', check)
    assert.deepEqual(brief(found), ['strict WARNING REJECTED', 'lenient REACHABLE ACCEPTED', 'tcp WARNING REJECTED'])
    const { server: certificate, ...tls } = found.json[1].tls
    assert.deepEqual(tls, {
      ...{ protocol: 'TLSv1.3', isTrusted: true },
      ...{ isRequested: true, isRequired: false, isAccepted: true },
    })
    assert.equal(certificate.subject, 'CN=localhost')
    for (const part of ['PRIVATE', 'BEGIN']) assert.ok(!found.text.includes(part))
  })

  test('a system whose name or port leads nowhere is told by the check and by the answer to a request (SCC-191)', async () => {
    for (const [host, localHost, port, code, reason] of [
      ['lost', 'nowhere.invalid', open, 'HOST_UNKNOWN', /ENOTFOUND|EAI_AGAIN/],
      ['down', 'localhost', closed, 'REFUSED', /ECONNREFUSED/],
    ] as const) {
      await ok('POST', mappings, mapping(host, port, 'HTTP', localHost))
      await ok('POST', `${mappings}/${host}:80/resources`, { id: '/', enabled: true })
      const [found] = (await ok('POST', check, { mappings: [`${host}:80`] })).json as Found[]
      assert.deepEqual([found?.state, found?.details[0]?.code], ['WARNING', code])
      const head = `GET / HTTP/1.1\r\nHost: ${host}:80\r\n\r\n`
      const answer = (await openExchange(tunnel, StreamKind.http, host, 80, head).ended).toString()
      assert.match(answer, /^HTTP\/1\.1 502 /)
      assert.match(answer, /cannot open a connection to the internal system/)
      assert.match(answer, reason)
    }
  })

  test('plain TCP is answered with the warning about its risk before it is saved, TCP SSL is not (SCC-252)', async () => {
    const texts = async (protocol: string): Promise<(string | undefined)[]> => {
      const found = await ok('POST', check, { mapping: mapping('new', open, protocol) })
      return (found.json as Found[])[0]?.details.map(({ text }) => text) ?? []
    }
    assert.deepEqual(await texts('TCP'), [tcpWarning])
    assert.ok(!(await texts('TCPS')).includes(tcpWarning))
    assert.deepEqual((await ok('GET', mappings)).json, [])
  })

  test('a mapping that is still being entered takes virtual host and port from the internal ones (SCC-182)', async () => {
    const { virtualHost, virtualPort, ...entered } = mapping('', open)
    const [proposed] = (await ok('POST', check, { mapping: entered })).json
    assert.deepEqual([proposed.virtualHost, proposed.virtualPort], ['localhost', String(open)])
    const range = { ...entered, protocol: 'TCP', localPort: `${open}-${open + 1}` }
    const [ranged] = (await ok('POST', check, { mapping: range })).json
    assert.equal(ranged.virtualPort, range.localPort)
    const fictional = { ...mapping('no.such.name.at_all', open), virtualPort: '9' }
    await ok('POST', mappings, fictional)
    assert.equal((await ok('GET', `${mappings}/no.such.name.at_all:9`)).json.localPort, String(open))
  })
})
