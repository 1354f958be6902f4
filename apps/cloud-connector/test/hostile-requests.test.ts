import assert from 'node:assert/strict'
import { Agent } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createApi } from '@landbridge/http-api'
import { createLog, isPlatformError, silentLog } from '@landbridge/kernel'
import { anyCharacter, temporaryFolder } from '@landbridge/testkit'
import fc, { unshrunk } from '@landbridge/testkit/properties'
import { addOperations } from '../src/start-cloud-connector.ts'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import {
  type Answer,
  type Call,
  configuration,
  id,
  type RunningConnector,
  startConnector,
  subaccountPath,
} from './running-connector.ts'

interface Operation {
  readonly method: string
  /** With `:parameters`. */
  readonly url: string
}

/** Every operation there is: a new one is attacked as soon as it exists. */
async function operations(): Promise<readonly Operation[]> {
  const found: Operation[] = []
  const api = createApi({ log: silentLog })
  api.addHook('onRoute', ({ url, method }) => {
    for (const name of [method].flat()) if (name !== 'HEAD') found.push({ method: name, url })
  })
  const anything: unknown = new Proxy(() => {}, { get: (_target, name) => (name === 'then' ? undefined : anything) })
  addOperations(api, anything as never, anything as never)
  await api.close()
  return found
}

/** Would wait for another instance, or take the role away that all others need. */
const elsewhere = /\/haRole$|\/ha\/|\/highAvailability\//

const names = [
  ...['description', 'oldPassword', 'newPassword', 'user', 'password', 'regionHost', 'subaccount', 'connected', 'id'],
  ...['virtualHost', 'virtualPort', 'localHost', 'localPort', 'protocol', 'backendType', 'authenticationMode', 'sid'],
  ...['internalDomain', 'virtualDomain', 'trustAllBackends', 'allowedClients', 'blacklistedUsers', 'enabled', 'type'],
  ...['subjectRules', 'condition', 'subject', 'certificateValidityMinutes', 'client', 'hosts', 'host', 'port', 'name'],
  ...['subjectDN', 'keySize', 'locationID', 'cloudUser', 'cloudPassword', 'exactMatchOnly', 'details', 'connections'],
  ...['__proto__', 'constructor', 'toString', '', '\u0000', 'ä', 'x'.repeat(300)],
]
const leaves = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1, 65_536, 1e308, -0, 2 ** 53, '', ' ', '\u0000', '\ud800', '../..', '%00'),
  fc.constantFrom('HTTP', 'HTTPS', 'RFC', 'KERBEROS', 'true', '80', '${name}', 'CN=${x', "'; DROP TABLE", '\r\nX: y'),
  fc.string({ unit: anyCharacter(fc), maxLength: 30 }),
  fc.constant('x'.repeat(20_000)),
)
const value = fc.letrec((tie) => ({
  any: fc.oneof({ depthSize: 'small' }, leaves, fc.array(tie('any'), { maxLength: 4 }), tie('members')),
  members: fc.dictionary(fc.constantFrom(...names), tie('any'), { maxKeys: 8 }),
})).any

const parameter = fc.oneof(
  fc.constantFrom(id, regionHost, 'erp:80', '1', '-1', '0', '..', '%2e%2e', '%zz', '%', '%00', '%ff', 'a%2Fb', '+2B'),
  fc.string({ unit: anyCharacter(fc), maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constant('x'.repeat(3_000)),
)

/** Bodies whose bytes are the attack, with the headers that belong to them. */
const bytes: readonly Call[] = [
  ...['[', '{"a":', '{"subjectRules":['].map((open) => json(open.repeat(60_000))),
  json(Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00])),
  json(Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d])),
  json(Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])),
  json('{"description":"\\ud800","__proto__":{"haRole":"shadow"},"description":1}'),
  json('{"description":1e999999}'),
  json(`{"a":${'9'.repeat(100_000)}}`),
  json(' '.repeat(500_000)),
  json('x'.repeat(1_500_000)),
  { body: gzipSync('{}'), headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
  { body: '{}', headers: { 'content-type': 'application/json; charset=utf-16' } },
  { body: '{}', headers: { 'content-type': 'text/plain' } },
  { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  { body: '--x\r\n', headers: { 'content-type': 'multipart/form-data' } },
  { body: '--x--', headers: { 'content-type': 'multipart/form-data; boundary=x' } },
  { body: `${'--x\r\n\r\n\r\n'.repeat(50_000)}--x--`, headers: { 'content-type': 'multipart/form-data; boundary=x' } },
  { body: `--x\r\n${'A: b\r\n'.repeat(50_000)}`, headers: { 'content-type': 'multipart/form-data; boundary=x' } },
  { body: '--\r\n\r\n', headers: { 'content-type': `multipart/form-data; boundary=${'"'.repeat(200)}` } },
  { body: Buffer.alloc(200_000, 0x30), headers: { 'content-type': 'application/octet-stream' } },
]

function json(body: string | Buffer): Call {
  return { body, headers: { 'content-type': 'application/json' } }
}

describe('whatever arrives at whatever operation', () => {
  const folder = temporaryFolder()
  const unexpected: string[] = []
  // Anything that no row of the error catalogue explains is a defect.
  const log = createLog((_level, event, facts, cause) => {
    if (event === 'http.failed' && !isPlatformError(cause))
      unexpected.push(`${JSON.stringify(facts)} ${cause instanceof Error ? cause.stack : String(cause)}`)
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  let region: FakeRegion
  let connector: RunningConnector
  let all: readonly Operation[]
  before(async () => {
    region = await startFakeRegion()
    connector = await startConnector(folder.path, region, {}, log)
    const pairing = { regionHost, subaccount: id, cloudUser, cloudPassword }
    assert.equal((await connector.call('POST', `${configuration}/subaccounts`, { json: pairing })).status, 201)
    all = (await operations()).filter(({ url }) => url.startsWith('/api') && !elsewhere.test(url))
    assert.ok(all.length > 100, `only ${all.length} operations were found`)
  })
  after(async () => {
    agent.destroy()
    await connector.close()
    await region.close()
    folder[Symbol.dispose]()
  })

  /** Parameters of the subaccount that exists, unless others are given. */
  function pathOf({ url }: Operation, parameters: readonly string[] = []): string {
    const known = url.replace(`${configuration}/subaccounts/:regionHost/:subaccount`, subaccountPath)
    let at = 0
    return known.replaceAll(/:\w+/g, () => parameters[at++] ?? 'erp:80')
  }

  async function attack(operation: Operation, path: string, call: Call): Promise<Answer | undefined> {
    const answer = await connector.call(operation.method, path, { agent, ...call }).catch(() => undefined)
    const shown = () => `${operation.method} ${path.slice(0, 200)} ${JSON.stringify(call).slice(0, 500)}`
    assert.deepEqual(unexpected, [], shown())
    // A connection that is closed instead of an answer is how a server refuses what is not HTTP; here all of it is.
    assert.ok(answer !== undefined, `no answer: ${shown()}`)
    if (answer.status >= 400) assert.match(answer.text, /^\{"type":"[A-Z_]+","message":".+"\}$/s, shown())
    return answer
  }

  /** The password may have been asked for, but nobody knew the old one; the subaccount may be gone. */
  async function assertAlive(): Promise<void> {
    const answer = await connector.call('GET', `${configuration}/connector`)
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual((await connector.call('GET', '/api/v1/landbridge/audit/verification')).json, { intact: true })
  }

  test('bodies of wrong types, names and shapes are refused or understood, and nothing breaks (API1-013, API1-014, API1-018)', async () => {
    const changes = all.filter(
      ({ method, url }) => method !== 'GET' && !(method === 'DELETE' && /subaccount$/.test(url)),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...changes), value, (operation, body) =>
        attack(operation, pathOf(operation), { json: body }).then(() => {}),
      ),
      unshrunk(1_500),
    )
    await assertAlive()
  })

  test('bodies that are too deep, too large, in another encoding or broken are refused at every operation', async () => {
    const changes = all.filter(({ method }) => method === 'POST' || method === 'PUT' || method === 'PATCH')
    // Each operation gets a third of the bodies, another third than the next one.
    for (const [index, operation] of changes.entries())
      for (let at = index % 3; at < bytes.length; at += 3) await attack(operation, pathOf(operation), bytes[at]!)
    await assertAlive()
  })

  test('parameters of any kind find nothing or what they name', async () => {
    const withParameters = all.filter(({ method, url }) => url.includes(':') && method !== 'DELETE')
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...withParameters),
        fc.array(parameter, { minLength: 5, maxLength: 5 }),
        async (operation, parameters) => {
          let at = 0
          const path = operation.url.replaceAll(/:\w+/g, () => parameters[at++] ?? '')
          await attack(operation, path, operation.method === 'GET' ? {} : { json: {} })
        },
      ),
      unshrunk(600),
    )
    await assertAlive()
  })

  test('of conflicting writes at the same time one wins whole, and what is stored is what is served after a restart', async () => {
    const mappings = `${subaccountPath}/systemMappings`
    const own = { localHost: 'l', localPort: '80', protocol: 'HTTP', backendType: 'nonSAPsys' }
    const created = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        connector.call('POST', mappings, {
          json: {
            ...own,
            virtualHost: index % 2 === 0 ? 'Same' : 'same',
            virtualPort: '80',
            description: `by ${index}`,
          },
        }),
      ),
    )
    const statuses = created.map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 201).length, 1)
    assert.ok(
      statuses.every((status) => status === 201 || status === 409),
      statuses.join(' '),
    )
    const mixed = await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        const at = `${mappings}/same:80`
        const json = { ...own, virtualHost: 'same', virtualPort: '80', description: `w${index}`, sid: `S${index}` }
        if (index % 3 === 0) return connector.call('PUT', at, { json })
        if (index % 3 === 1)
          return connector.call('POST', `${at}/resources`, { json: { id: `/${index % 6}`, enabled: true } })
        return connector.call('DELETE', `${at}/resources/-${(index - 1) % 6}`)
      }),
    )
    assert.ok(
      mixed.every(({ status }) => [201, 204, 400, 404, 409].includes(status)),
      mixed.map((a) => a.status).join(' '),
    )
    const read = async () => [
      // Links name the port, which is another one after a restart.
      { ...(await connector.call('GET', `${mappings}/same:80`)).json, _links: null },
      (await connector.call('GET', `${mappings}/same:80/resources`)).json.map((one: object) => ({
        ...one,
        _links: null,
      })),
    ]
    const before = await read()
    await connector.close()
    connector = await startConnector(folder.path, region, {}, log)
    assert.deepEqual(await read(), before)
    await assertAlive()
  })
})
