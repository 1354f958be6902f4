import assert from 'node:assert/strict'
import { Agent } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { rsaWithChain, temporaryFolder } from '@landbridge/testkit'
import { isPermitted, type Role } from '../src/login/permissions.ts'
import { type FakeRegion, otherRegionHost, regionHost, startFakeRegion } from './fake-region.ts'
import {
  answers,
  auditCategory,
  bodies,
  changesNothing,
  channels,
  emptyHere,
  http,
  type Operation,
  operations,
  otherTypes,
  otherwise,
  pairing,
  rfc,
  shapeOf,
  wish,
} from './operation-table.ts'
import {
  type Answer,
  type Call,
  configuration,
  form,
  id,
  password,
  type RunningConnector,
  restartLog,
  startConnector,
  subaccountPath,
} from './running-connector.ts'

/** Operations after which the connector restarts its administration, or its role or its password is another one. */
const isLast = ({ name }: Operation): boolean => ['API1 5', 'API1 21', 'API1 22', 'API1 56'].includes(name)

describe('every operation of the published interface', () => {
  const folders = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
  const log = restartLog()
  let region: FakeRegion
  let master: RunningConnector
  let shadow: RunningConnector
  let fresh: RunningConnector
  let authority: LocalCa
  before(async () => {
    region = await startFakeRegion()
    authority = await LocalCa.create({ subject: { CN: 'Authority' } })
    const keys = [{ kty: 'RSA', x5c: [authority.certificatePem.replaceAll(/-----.*-----|\s/g, '')] }]
    region.idps = [{ id: 'one', name: 'one', description: '', issuer: 'https://one', jwks: { keys } }]
    const paths = folders.map(({ path }) => path) as [string, string, string]
    const at = { address: '127.0.0.1', port: region.port, ca: region.ca.certificatePem }
    const regions = { [regionHost]: at, [otherRegionHost]: at }
    master = await startConnector(paths[0], region, { tunnelTimeoutMs: 0, regions }, log.log)
    shadow = await startConnector(paths[1], region, { haRole: 'shadow' })
    fresh = await startConnector(paths[2], region, { haRole: 'undefined' })
  })
  after(async () => {
    agent.destroy()
    for (const connector of [master, shadow, fresh]) await connector.close()
    await region.close()
    for (const folder of folders) folder[Symbol.dispose]()
  })

  // Two thousand calls: a handshake for each would take most of the time.
  const agent = new Agent({ keepAlive: true })
  const ask = (connector: RunningConnector, method: string, path: string, call: Call = {}): Promise<Answer> =>
    connector.call(method, path, { insecure: true, agent, ...call })
  const ids: { [type: string]: number } = {}
  /** The part that has one of everything, because nothing has been changed there since. */
  let untouched = ''

  /** One of everything, whatever was there before. */
  async function setUp(operation: Operation): Promise<void> {
    const { method, path, name } = operation
    const area = path.includes('/subaccounts') ? 'subaccounts' : path
    // The one needs a list without what others need, the other makes what is there.
    const isSpecial = name === 'API1 75' || name === 'API1 58'
    if (untouched !== area || isSpecial) await renew(operation)
    // Reading leaves everything as it is.
    untouched = method === 'GET' && !isSpecial ? area : ''
  }

  async function renew({ path, name }: Operation): Promise<void> {
    if (path.startsWith(`${configuration}/connector/proxy`))
      return void (await ask(master, 'PUT', path, { json: bodies['API1 17'] }))
    await ask(master, 'DELETE', `${configuration}/connector/proxy`)
    if (/Certificate$/.test(path)) {
      const json = { type: 'selfsigned', ...wish, ...(path.includes('onPremise') ? { subjectAltNames: [] } : {}) }
      assert.equal((await ask(master, 'POST', path, { json })).status, 201)
    }
    if (path.includes('/truststore')) {
      await ask(master, 'DELETE', `${configuration}/connector/onPremise/truststore/certificates`)
      if (name !== 'API1 48')
        await ask(
          master,
          'POST',
          `${configuration}/connector/onPremise/truststore/certificates`,
          form({ certificate: authority.certificatePem }),
        )
    }
    if (!path.includes('/subaccounts')) return
    for (const path of [subaccountPath, subaccountPath.replace(regionHost, otherRegionHost)])
      await ask(master, 'DELETE', path)
    if (name === 'API1 58') return
    const steps: readonly [string, unknown][] = [
      [`${configuration}/subaccounts`, pairing],
      [`${subaccountPath}/trust`, undefined],
      [`${subaccountPath}/systemMappings`, http],
      [`${subaccountPath}/systemMappings/h.virtual:443/resources`, { id: '/r', description: 'd' }],
      [`${subaccountPath}/systemMappings`, rfc],
      [`${subaccountPath}/domainMappings`, { virtualDomain: 'v', internalDomain: 'i' }],
      ...Object.entries(channels).map(([type, body]): [string, unknown] => [
        `${subaccountPath}/channels/${type}`,
        body,
      ]),
    ]
    for (const [at, json] of steps) {
      const answer = await ask(master, 'POST', at, json === undefined ? {} : { json })
      assert.ok(answer.status < 300, `${at}: ${answer.text}`)
      const [, type = '', number] = /channels\/(\w+)\/(\d+)$/.exec(String(answer.headers.location)) ?? []
      ids[type] = Number(number)
    }
    // The last of them needs an active one.
    if (['API1 65', 'API1 66', 'API1 67', 'API1 68'].includes(name))
      await ask(master, 'POST', `${subaccountPath}/recovery`, { json: bodies['API1 64'] })
    if (name === 'API1 68') await ask(master, 'PUT', `${subaccountPath}/recovery/state`, { json: bodies['API1 67'] })
    // Other protocols have no host header.
    if (name === 'API1 75')
      await ask(
        master,
        'DELETE',
        `${path}/rfc.virtual:sapgw00`.replace(/.*systemMappings/, `${subaccountPath}/systemMappings`),
      )
  }

  async function address(operation: Operation): Promise<string> {
    const { path } = operation
    const isRfcList = /allowedClients|blockedClientUsers/.test(path)
    const type =
      /channels\/(HANA|VirtualMachine|ABAPCloud)/.exec(path)?.[1] ??
      (operation.name === 'API2 46' ? 'ABAPCloud' : 'K8S')
    const alias = path.includes('{alias}')
      ? (await ask(master, 'GET', `${configuration}/connector/onPremise/truststore`)).json.trustedBackends[0].alias
      : ''
    return path
      .replace('{regionHost}', regionHost)
      .replace('{subaccount}', id)
      .replace('{virtualHost}:{virtualPort}', isRfcList ? 'rfc.virtual:sapgw00' : 'h.virtual:443')
      .replace('{resource}', '-r')
      .replace('{internalDomain}', 'i')
      .replace('{alias}', alias)
      .replace('{client}', '100')
      .replace('{user}', 'BOB')
      .replace('{type}', path.includes('/trust/') ? 'idps' : 'K8S')
      .replace('{id}', path.includes('/trust/') ? '1' : String(ids[type]))
  }

  async function upload({ name, path }: Operation): Promise<Call | undefined> {
    if (name === 'API1 48') return form({ certificate: authority.certificatePem })
    if (['API1 27', 'API1 37', 'API1 44'].includes(name)) return form({ pkcs12: rsaWithChain, password: 'secret' })
    if (['API1 26', 'API1 36', 'API1 43'].includes(name)) {
      const { text } = await ask(master, 'POST', path, { json: { type: 'csr', ...wish } })
      const issued = await authority.issueClientFromCsr({ csrPem: text, subject: { CN: 'a' }, days: 1 })
      return form({ signedCertificate: issued })
    }
    if (name !== 'API1 56') return undefined
    const backup = await ask(master, 'POST', path, { json: { password: 'secret' } })
    return form({ backup: Buffer.from(backup.text, 'latin1'), password: 'secret' })
  }

  async function newestEntry(connector: RunningConnector) {
    return (await ask(connector, 'GET', '/api/v1/landbridge/audit?limit=1')).json[0]
  }

  async function run(operation: Operation): Promise<void> {
    const { name, method, only } = operation
    const connector = only === 'shadow' ? shadow : name === 'API1 5' ? fresh : master
    if (connector === master) await setUp(operation)
    const parts = await upload(operation)
    const json = bodies[name]
    const call = {
      ...(json === undefined ? parts : { json }),
      ...(operation.form?.startsWith('application/') ? { headers: { accept: operation.form } } : {}),
    }
    const at = await address(operation)
    const before = method === 'GET' || isLast(operation) ? undefined : (await newestEntry(connector)).sequence
    const answer = await ask(connector, method, at, call)
    if (before !== undefined) {
      const isChange = answer.status < 300 && !changesNothing.includes(name)
      const { sequence, actor, category } = await newestEntry(connector)
      assert.equal(sequence - before, isChange ? 1 : 0, 'entries of the audit trail')
      if (isChange) assert.deepEqual([actor, category], ['Administrator', auditCategory(operation)])
    }
    assert.equal(answer.status, otherwise[name]?.[0] ?? operation.status, answer.text)
    if (answer.status >= 400) return assert.deepEqual(Object.keys(answer.json), ['type', 'message'])
    const shape = answers[name]
    const type = otherTypes[name]
    // A list of nothing would prove nothing.
    if (Array.isArray(answer.json) && !emptyHere.includes(name)) assert.ok(answer.json.length > 0)
    if (shape !== undefined) assert.deepEqual(shapeOf(answer.json, shape), shape)
    else if (type !== undefined) assert.ok(answer.headers['content-type'] === type && answer.text.length > 0)
    else assert.equal(answer.text, '')
    if (method === 'POST' && answer.status === 201 && !/Certificate$/.test(operation.path))
      assert.match(String(answer.headers.location), /^https:\/\/127\.0\.0\.1:/)
  }

  for (const operation of operations.filter((one) => !isLast(one)))
    test(`${operation.name}: ${operation.method} ${operation.path} ${operation.form ?? ''} has the status and shape of the reference, and writes one audit entry if it changes something (API1-280, API2-026)`, () =>
      run(operation))

  test('roles: everybody whom the reference names may call an operation, and nobody else (API1-048)', () => {
    const initials: Readonly<Record<string, Role>> = {
      ...{ A: 'Administrator', SA: 'SubaccountAdministrator', D: 'Display', S: 'Support', M: 'Monitoring' },
    }
    for (const { name, method, path, roles } of operations)
      for (const [initial, role] of Object.entries(initials))
        assert.equal(
          isPermitted(method, path.replaceAll(/[{}]/g, ''), [role]),
          roles.includes(initial),
          `${name} ${role}`,
        )
  })

  test('on a shadow everything that only masters do is refused, and on a master what only shadows do (API1-048, API1-074, API1-075, API2-006)', async () => {
    for (const operation of operations) {
      const { name, method, only } = operation
      if (only === '') continue
      const connector = only === 'MO' ? shadow : master
      const json = bodies[name] ?? {}
      const { status } = await ask(
        connector,
        method,
        await address({ ...operation, path: operation.path.replace('{alias}', 'a') }),
        { json },
      )
      assert.equal(status, operation.path.includes('/ha/master/') ? 400 : 403, `${name} on the other instance`)
    }
    assert.deepEqual((await ask(shadow, 'GET', `${configuration}/subaccounts`)).json, [])
  })

  test('below an unknown subaccount there is nothing, whatever the operation', async () => {
    for (const operation of operations) {
      const { name, method } = operation
      if (!operation.path.includes('{subaccount}')) continue
      const path = (await address(operation)).replace(id, '00000000-0000-4000-8000-000000000000')
      const json = bodies[name]
      const answer = await ask(master, method, path, json === undefined ? {} : { json })
      assert.deepEqual([answer.status, answer.json?.type], [404, 'NOT_FOUND'], `${name} ${path}`)
      assert.match(answer.json.message, /^Subaccount with value '.*' does not exist$/)
    }
  })

  test('what cannot be an object is refused by every operation that takes one, and nothing is half done', async () => {
    for (const operation of operations) {
      const { name, only } = operation
      const body = bodies[name]
      if (body === undefined || isLast(operation) || only === 'shadow' || otherwise[name]?.[0] === 410) continue
      await setUp(operation)
      const path = await address(operation)
      for (const json of ['text', 7, null, [[]], { '': {} }]) {
        // The list of clients may hold nothing but texts; trust and reporting can be switched without a word.
        if (typeof json === 'object' && ['API1 52', 'API1 72'].includes(name)) continue
        // Absent members leave what is there.
        const isPatch = ['API1 7', 'API1 12', 'API1 60', 'API1 84', 'API1 17'].includes(name)
        if (isPatch && !Array.isArray(json) && typeof json === 'object' && json !== null) continue
        const answer = await ask(master, operation.method, path, { json })
        assert.deepEqual(
          [answer.status, answer.json?.type],
          [400, 'INVALID_REQUEST'],
          `${name} ${JSON.stringify(json)}: ${answer.text}`,
        )
      }
    }
  })

  test('the operations that restart the connector or change who it is (API1 5, 21, 22, 56)', async () => {
    for (const operation of operations.filter(isLast)) {
      await run(operation)
      if (operation.name === 'API1 22' || operation.name === 'API1 56') await log.restarted()
      // A restart ends the connections.
      agent.destroy()
      if (operation.name !== 'API1 21') continue
      const json = { oldPassword: 'other-pass', newPassword: password }
      const back = await ask(master, 'PUT', operation.path, { json, password: 'other-pass' })
      assert.equal(back.status, 204)
    }
  })
})

test('every operation of the reference is walked above, and few are answered otherwise (RC-154, RC-156, RC-157, RC-165)', () => {
  assert.equal(new Set(operations.map(({ name }) => name)).size, 146)
  assert.ok(
    Object.keys({ ...answers, ...otherTypes, ...bodies, ...otherwise }).every((name) =>
      operations.some((one) => one.name === name),
    ),
  )
  const certificates = operations.filter(({ path }) => /Certificate$/.test(path)).map(({ name }) => name)
  for (const name of [...certificates, 'API1 4', 'API1 47', 'API1 55']) assert.equal(otherwise[name], undefined)
  assert.equal(Object.keys(otherwise).length, 3)
})
