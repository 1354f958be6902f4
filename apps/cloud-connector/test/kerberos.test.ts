import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { isPlatformError, Secret, silentLog } from '@landbridge/kernel'
import { type RunningRealm, startKerberosRealm, temporaryFolder } from '@landbridge/testkit'
import { StreamKind } from '@landbridge/tunnel'
import { KerberosAgent } from '../src/index.ts'
import { type FakeTunnel, openExchange } from './fake-cloud-proxy.ts'
import { configuration, subaccountPath } from './running-connector.ts'
import { Scene } from './scene.ts'
import { testIssuer, testToken } from './test-issuer.ts'

const kerberos = `${configuration}/connector/onPremise/kerberos`
/** What an internal system does with a token: it asks the library of MIT Kerberos, with the key of its own service. */
class Acceptor {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(keyTable: string) {
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'accept-ticket.ts')],
      { env: { PATH: process.env.PATH, KRB5_KTNAME: `FILE:${keyTable}` }, stdio: ['pipe', 'pipe', 'inherit'] },
    )
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
  }

  async userOf(negotiation: string): Promise<string> {
    this.#child.stdin!.write(`${negotiation}\n`)
    return (await this.#lines.next()).value ?? 'nobody'
  }

  close(): void {
    this.#child.kill('SIGKILL')
  }
}

test('users who wait for tickets are bounded in number: one more is refused with the reason', async () => {
  const agent = new KerberosAgent(silentLog)
  const settings = { realm: 'R', serviceUser: 'connector', kdcHosts: ['127.0.0.1:1'], key: new Secret('') }
  const waiting = Array.from({ length: 500 }, () => agent.tokenFor(settings, 'ann', 'localhost'))
  const settled = Promise.allSettled(waiting)
  assert.throws(
    () => agent.tokenFor(settings, 'bob', 'localhost'),
    (thrown) => isPlatformError(thrown, 'KERBEROS_UNAVAILABLE') && /500 users wait/.test(String(thrown.facts.reason)),
  )
  agent.close()
  assert.ok((await settled).every(({ status }) => status === 'rejected'))
})

const found = await startKerberosRealm()
const skip = 'unavailable' in found ? found.unavailable : false
if (skip !== false) console.log(`Kerberos is not tested: ${skip}`)

describe('users arrive by Kerberos', { skip }, () => {
  const realm = found as RunningRealm
  const folder = temporaryFolder()
  const seen: IncomingHttpHeaders[] = []
  let scene: Scene
  let tunnel: FakeTunnel
  let system: Server
  let acceptor: Acceptor
  let settings: { realm: string; serviceUser: string; kdcHosts: string[]; keyTable: string }
  before(async () => {
    await realm.add('connector', 'other', 'ann', 'bob', 'HTTP/localhost', 'HTTP/127.0.0.1')
    await realm.allowDelegation('connector', 'HTTP/localhost')
    settings = {
      realm: realm.realm,
      serviceUser: 'connector',
      // The first one answers nothing: the next one is asked.
      kdcHosts: ['127.0.0.1:1', realm.kdc],
      keyTable: (await realm.keyTable('connector')).toString('base64'),
    }
    const keys = join(folder.path, 'service.keytab')
    writeFileSync(keys, await realm.keyTable('HTTP/localhost'))
    acceptor = new Acceptor(keys)
    system = createServer((request, response) => {
      seen.push(request.headers)
      response.end('done')
    })
    await new Promise<void>((resolve) => system.listen(0, '127.0.0.1', resolve))
    scene = await Scene.start()
    scene.region.idps = [testIssuer]
    await scene.pair()
    tunnel = await scene.openTunnel()
    await call('POST', `${subaccountPath}/trust`)
    for (const [virtualPort, localHost] of [
      [80, 'localhost'],
      [81, '127.0.0.1'],
    ] as const) {
      await call('POST', `${subaccountPath}/systemMappings`, {
        ...{ virtualHost: 'erp.virtual', virtualPort, localHost, localPort: (system.address() as AddressInfo).port },
        ...{ protocol: 'HTTP', backendType: 'nonSAPsys', authenticationMode: 'KERBEROS' },
      })
      await call('POST', `${subaccountPath}/systemMappings/erp.virtual:${virtualPort}/resources`, {
        id: '/',
        enabled: true,
      })
    }
  })
  after(async () => {
    await scene[Symbol.asyncDispose]()
    acceptor.close()
    system.closeAllConnections()
    await new Promise((resolve) => system.close(resolve))
    await realm.stop()
    folder[Symbol.dispose]()
  })

  const call = async (method: string, path: string, json?: object) => {
    const answer = await scene.connector.call(method, path, json === undefined ? {} : { json })
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer
  }
  const ask = async (userToken: string, port = 80, ...lines: readonly string[]): Promise<string> => {
    const head = ['GET / HTTP/1.1', `Host: erp.virtual:${port}`, ...lines, '', ''].join('\r\n')
    return (await openExchange(tunnel, StreamKind.http, 'erp.virtual', port, head, userToken).ended).toString()
  }
  /** Whom the internal system logs on. */
  const loggedOn = async (userToken: string, ...lines: readonly string[]): Promise<string> => {
    const answer = await ask(userToken, 80, ...lines)
    assert.match(answer, /^HTTP\/1\.1 200 /)
    const [scheme, negotiation = ''] = seen.at(-1)?.authorization?.split(' ') ?? []
    assert.equal(scheme, 'Negotiate')
    return acceptor.userOf(negotiation)
  }

  test('without a configuration a user is refused with what to do, and configuration is checked (SCC-173, SCC-174)', async () => {
    const refused = await ask(testToken({ user_name: 'ann' }))
    assert.match(refused, /^HTTP\/1\.1 502 .*X-Landbridge-Error: PROPAGATION_KERBEROS\r\n/s)
    const otherKeys = (await realm.keyTable('other')).toString('base64')
    const wrong: readonly object[] = [
      { ...settings, realm: 'A B' },
      { ...settings, realm: 'X\n[libdefaults]' },
      { ...settings, serviceUser: '' },
      { ...settings, kdcHosts: [] },
      { ...settings, kdcHosts: ['kdc }\n'] },
      { ...settings, kdcHosts: ['kdc:99999'] },
      { ...settings, keyTable: 'bm90aGluZw==' },
      { ...settings, keyTable: otherKeys },
      { ...settings, keyTable: undefined },
    ]
    for (const json of wrong)
      assert.equal(
        (await scene.connector.call('PUT', kerberos, { json })).status,
        400,
        JSON.stringify(json).slice(0, 200),
      )
    assert.equal((await scene.connector.call('GET', kerberos)).status, 404)
    await call('PUT', kerberos, { ...settings, kdcHosts: ['kdc.plant.test', ...settings.kdcHosts.slice(1)] })
    const { json: shown, text } = await call('GET', kerberos)
    assert.deepEqual(shown.kdcHosts, ['kdc.plant.test:88', realm.kdc])
    assert.ok(shown.keyTable.some((entry: object) => 'principal' in entry))
    assert.ok(!text.includes(settings.keyTable.slice(20, 60)))
    await call('PUT', kerberos, settings)
  })

  test('the internal system logs on the user of the token, by a ticket of its own for each request; an unreachable KDC is passed over (SCC-175, SCC-176, SCC-178, SCC-229)', async () => {
    assert.equal(await loggedOn(testToken({ user_name: 'ann' })), 'ann@PLANT.TEST')
    const first = seen.at(-1)?.authorization
    assert.equal(await loggedOn(testToken({ user_name: 'bob' })), 'bob@PLANT.TEST')
    assert.equal(await loggedOn(testToken({ user_name: 'ann@plant.test' })), 'ann@PLANT.TEST')
    assert.notEqual(seen.at(-1)?.authorization, first)
    // What the caller sent to log on is not passed on beside it.
    assert.equal(
      await loggedOn(testToken({ user_name: 'ann' }), 'Authorization: Negotiate YIIforged'),
      'ann@PLANT.TEST',
    )
    const many = await Promise.all(
      Array.from({ length: 20 }, (_, at) => ask(testToken({ user_name: at % 2 ? 'ann' : 'bob' }))),
    )
    assert.ok(many.every((answer) => answer.startsWith('HTTP/1.1 200 ')))
    // Nobody to propagate: the caller's own way to log on.
    assert.match(await ask('', 80, 'Authorization: Basic YTpi'), /^HTTP\/1\.1 200 /)
    assert.equal(seen.at(-1)?.authorization, 'Basic YTpi')
  })

  test('who has no ticket or no name in the realm is refused, and never arrives as the connector (SCC-177)', async () => {
    const before = seen.length
    const refused = async (claims: object, code: string, port = 80): Promise<string> => {
      const answer = await ask(testToken(claims), port)
      assert.match(answer, new RegExp(`X-Landbridge-Error: ${code}\\r\\n`))
      return answer
    }
    // The service user may not delegate to this service.
    assert.match(await refused({ user_name: 'ann' }, 'KERBEROS_TICKET', 81), /HTTP\/127\.0\.0\.1.*allowed to delegate/s)
    await refused({ user_name: 'nobody' }, 'KERBEROS_TICKET')
    for (const user_name of ['ann@elsewhere.test', 'HTTP/localhost', 'a b', '@PLANT.TEST'])
      await refused({ user_name }, 'KERBEROS_USER')
    await refused({ iss: 'https://evil.test', user_name: 'ann' }, 'PROPAGATION_ISSUER')
    await refused({ user_name: 'ann', exp: 1 }, 'PROPAGATION_EXPIRED')
    assert.equal(seen.length, before)
  })

  test('a change of the configuration counts for the next request and is in the audit trail', async () => {
    await call('DELETE', kerberos)
    assert.match(await ask(testToken({ user_name: 'ann' })), /X-Landbridge-Error: PROPAGATION_KERBEROS\r\n/)
    await call('PUT', kerberos, settings)
    assert.equal(await loggedOn(testToken({ user_name: 'ann' })), 'ann@PLANT.TEST')
    const { json } = await call('GET', '/api/v1/landbridge/audit')
    const actions = JSON.stringify(json).match(/KerberosConfiguration/g) ?? []
    assert.ok(actions.length >= 4)
  })
})
