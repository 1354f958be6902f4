import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { rsaWithChain, temporaryFolder } from '@landbridge/testkit'
import { isPermitted, type Role } from '../src/login/permissions.ts'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
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

/** An operation of the published interface, as its reference lists it. */
interface Operation {
  readonly name: string
  readonly method: string
  readonly path: string
  /** Which of the operations at one address. */
  readonly form?: string
  readonly status: number
  /** Administrator, Subaccount Administrator, Display, Support. */
  readonly roles: readonly string[]
  /** `MO`: master only; `shadow`: shadow only. */
  readonly only: string
}

const operations = readFileSync(new URL('./recorded/operations.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Operation)

type Shape = 'string' | 'number' | 'boolean' | 'object' | readonly [Shape] | { readonly [name: string]: Shape }

/** Where this connector answers otherwise, and why. */
const otherwise: Readonly<Record<string, readonly [status: number, why: string]>> = {
  ...Object.fromEntries(
    [64, 65, 66, 67, 68].map((row) => [`API1 ${row}`, [410, 'the original has dropped recovery subaccounts']] as const),
  ),
  'API1 9': [409, 'no shadow is connected: the pair has tests of its own'],
  'API1 14': [500, 'there is no master: the pair has tests of its own'],
  'API1 74': [404, 'applications are a concept of platforms that are not offered'],
}

const certificate: Shape = {
  notAfterTimeStamp: 'number',
  notBeforeTimeStamp: 'number',
  subjectDN: 'string',
  issuer: 'string',
  serialNumber: 'string',
}
const self: Shape = { self: { href: 'string' } }
const resource: Shape = {
  ...{ id: 'string', enabled: 'boolean', exactMatchOnly: 'boolean', websocketUpgradeAllowed: 'boolean' },
  ...{ creationDate: 'string', description: 'string' },
}
const mapping: Shape = {
  ...{ virtualHost: 'string', virtualPort: 'string', localHost: 'string', localPort: 'string', creationDate: 'string' },
  ...{ protocol: 'string', backendType: 'string', hostInHeader: 'string', totalResourcesCount: 'number' },
  ...{ enabledResourcesCount: 'number', authenticationMode: 'string', description: 'string' },
  ...{ allowedClients: ['string'], blacklistedUsers: ['object'], blacklistedClientUsers: ['object'] },
  _links: { ...(self as object), resources: { href: 'string' } },
}
const subaccountLinks: Shape = Object.fromEntries(
  ['ABAPCloud-channels', 'HANA-channels', 'systemMappings', 'self', 'K8S-channels', 'validity', 'state']
    .concat('VirtualMachine-channels', 'domainMappings')
    .map((name) => [name, { href: 'string' }]),
)
const subaccount: Shape = {
  ...{ description: 'string', displayName: 'string', autoCertRenewal: 'boolean' },
  tunnel: {
    ...{ state: 'string', connectedSinceTimeStamp: 'number', connections: 'number' },
    ...{ applicationConnections: ['object'], serviceChannels: ['object'], subaccountCertificate: certificate },
    user: 'string',
  },
  ...{
    isManaged: 'boolean',
    _links: subaccountLinks,
    regionHost: 'string',
    subaccount: 'string',
    locationID: 'string',
  },
}
const channelOf = (target: { readonly [name: string]: Shape }): Shape => ({
  ...target,
  ...{ id: 'number', type: 'string', port: 'number', enabled: 'boolean', connections: 'number', comment: 'string' },
  _links: { ...(self as object), state: { href: 'string' } },
})
const hana = channelOf({ hanaInstanceName: 'string', instanceNumber: 'number' })
const machine = channelOf({ name: 'string', endpointId: 'string' })
const abap = channelOf({ abapCloudTenantHost: 'string', instanceNumber: 'number' })
const cluster = channelOf({ k8sCluster: 'string', k8sService: 'string' })
const legacy: Shape = {
  ...{ typeDesc: { typeKey: 'string', typeName: 'string' }, details: 'string', port: 'number', enabled: 'boolean' },
  ...{ connected: 'boolean', connectionsCount: 'number', availableConnectionsCount: 'number' },
  ...{ connectedSinceTimeStamp: 'number', id: 'number', _links: self },
}
const domain: Shape = { virtualDomain: 'string', internalDomain: 'string', _links: self }
const provider: Shape = {
  ...{ id: 'number', name: 'string', description: 'string', enabled: 'boolean' },
  // The reference has a certificate here; issuers of this platform publish keys instead.
  issuer: 'string',
}
const shadowSettings: Shape = {
  ...{ masterHost: 'string', masterPort: 'string', ownHost: 'string', checkIntervalInSeconds: 'number' },
  ...{ takeoverDelayInSeconds: 'number', connectTimeoutInMillis: 'number', requestTimeoutInMillis: 'number' },
}

/** Answers with a JSON body, by the number of the operation. */
const answers: Readonly<Record<string, Shape>> = {
  'API1 1': { ha: 'string', description: 'string' },
  'API1 2': { version: 'string' },
  'API1 3': { ha: 'string', description: 'string' },
  'API1 4': 'string',
  'API1 6': { haEnabled: 'boolean', allowedShadowHost: 'string' },
  'API1 8': { state: 'string', shadowHost: 'string' },
  'API1 11': { ...shadowSettings, _links: { ...(self as object), state: { href: 'string' } } },
  'API1 12': shadowSettings,
  'API1 13': { state: 'string', ownHosts: ['string'] },
  'API1 16': { host: 'string', port: 'string', user: 'string', password: 'string' },
  'API1 19': { type: 'string' },
  'API1 23': { ...(certificate as object), subjectAltNames: [{ type: 'string', value: 'string' }] },
  'API1 28': ['string'],
  'API1 29': ['string'],
  'API1 32': certificate,
  'API1 39': certificate,
  'API1 46': {
    trustAllBackends: 'boolean',
    trustedBackends: [{ alias: 'string', subjectDN: 'string', issuer: 'string', notAfterTimeStamp: 'number' }],
  },
  'API1 51': { hostAgentPath: 'string', isEnabled: 'boolean', enabled: 'boolean', dsrEnabled: 'boolean' },
  'API1 57': [{ _links: subaccountLinks, regionHost: 'string', subaccount: 'string', locationID: 'string' }],
  'API1 58': subaccount,
  'API1 59': subaccount,
  'API1 60': subaccount,
  'API1 63': subaccount,
  'API1 70': [provider],
  'API1 71': ['object'],
  'API1 73': provider,
  'API1 75': [mapping],
  'API1 76': mapping,
  'API1 81': [{ ...resource, _links: {} }],
  'API1 82': { ...resource, _links: self },
  'API2 13': [domain],
  'API2 18': domain,
  'API2 19': [hana],
  'API2 20': hana,
  'API2 23': [{ hanaInstanceName: 'string', version: 'string', type: 'string' }],
  'API2 24': [machine],
  'API2 25': machine,
  'API2 28': [{ endpointId: 'string', name: 'string' }],
  'API2 29': [abap],
  'API2 30': abap,
  'API2 33': [cluster],
  'API2 34': cluster,
  'API2 43': [legacy],
  'API2 44': legacy,
  'API2 47': ['string'],
  'API2 48': [{ client: 'string' }],
  'API2 57': [{ client: 'string', user: 'string' }],
  'API2 58': [{ client: 'string', user: 'string' }],
}

/** Lists of what this platform or the region of the test does not have. */
const emptyHere = ['API1 71', 'API2 23', 'API2 28']

/** Answers that are no JSON, by their content type. */
const otherTypes: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['API1 25', 'API1 35', 'API1 42'].map((name) => [name, 'application/x-pem-file'])),
  ...Object.fromEntries(['API1 33', 'API1 40'].map((name) => [name, 'application/octet-stream'])),
  ...Object.fromEntries(['API1 54', 'API1 55'].map((name) => [name, 'application/zip'])),
}

const http = {
  ...{ virtualHost: 'h.virtual', virtualPort: '443', localHost: 'h.corp', localPort: '443', description: 'd' },
  ...{ protocol: 'HTTPS', backendType: 'abapSys', authenticationMode: 'NONE', hostInHeader: 'VIRTUAL' },
}
const rfc = {
  ...{ virtualHost: 'rfc.virtual', virtualPort: 'sapgw00', localHost: 'a', localPort: 'sapgw00', protocol: 'RFC' },
  ...{ backendType: 'abapSys', allowedClients: ['100'], blacklistedUsers: [{ client: '100', user: 'BOB' }] },
}
const wish = { keySize: 2048, subjectDN: 'CN=a', subjectAltNames: [{ type: 'IP', value: '127.0.0.1' }] }
const channels: Readonly<Record<string, object>> = {
  HANA: { hanaInstanceName: 'db', instanceNumber: '1', connections: '1' },
  VirtualMachine: { name: 'vm', endpointId: 'e', port: 3001, connections: 1 },
  ABAPCloud: { abapCloudTenantHost: 'abap.example', instanceNumber: 20, connections: 1 },
  K8S: { k8sCluster: 'cluster:443', k8sService: 's', port: 3002, connections: 1 },
}
const legacyChannel = { typeKey: 'RFC', details: 'abap.example', serviceNumber: '21', connectionCount: '1' }
const credentials = { user: cloudUser, password: cloudPassword }
const pairing = { regionHost, subaccount: id, cloudUser, cloudPassword }

/** Bodies by the number of the operation; operations without one need none. */
const bodies: Readonly<Record<string, unknown>> = {
  'API1 3': { description: 'd' },
  'API1 5': 'master',
  'API1 7': { haEnabled: true },
  'API1 9': { op: 'SWITCH' },
  'API1 12': { masterHost: '127.0.0.1', masterPort: 1 },
  'API1 14': { op: 'CONNECT', user: 'Administrator', password: 'x' },
  'API1 17': { host: 'proxy.test', port: 8080, user: 'u', password: 'p' },
  'API1 20': { password, user: 'Administrator' },
  'API1 21': { oldPassword: password, newPassword: 'other-pass' },
  'API1 22': { enable: false },
  'API1 24': { type: 'selfsigned', ...wish },
  'API1 25': { type: 'csr', ...wish },
  'API1 30': ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'],
  'API1 34': { type: 'selfsigned', ...wish },
  'API1 35': { type: 'csr', ...wish },
  'API1 41': { type: 'selfsigned', ...wish },
  'API1 42': { type: 'csr', ...wish },
  'API1 47': { trustAllBackends: false },
  'API1 52': { hostAgentPath: '/agent' },
  'API1 55': { password: 'secret' },
  'API1 58': pairing,
  'API1 60': { description: 'new' },
  'API1 62': { connected: true },
  'API1 63': credentials,
  'API1 64': { regionHost: 'other.test', cloudUser, cloudPassword },
  'API1 66': credentials,
  'API1 67': { active: true },
  'API1 72': { enabled: false },
  'API1 77': { ...http, virtualHost: 'new.virtual' },
  'API1 78': http,
  'API1 83': { id: '/new' },
  'API1 84': { enabled: true },
  'API2 14': { virtualDomain: 'v2', internalDomain: 'i2' },
  'API2 15': { virtualDomain: 'v3', internalDomain: 'i' },
  'API2 21': channels.HANA,
  'API2 22': channels.HANA,
  'API2 26': channels.VirtualMachine,
  'API2 27': channels.VirtualMachine,
  'API2 31': channels.ABAPCloud,
  'API2 32': channels.ABAPCloud,
  'API2 35': channels.K8S,
  'API2 36': channels.K8S,
  'API2 37': { enabled: false },
  'API2 38': { enabled: false },
  'API2 45': legacyChannel,
  'API2 46': legacyChannel,
  ...Object.fromEntries([49, 50, 51, 52].map((row) => [`API2 ${row}`, ['200']])),
  ...Object.fromEntries([59, 60, 61, 62].map((row) => [`API2 ${row}`, [{ client: '200', user: 'EVE' }]])),
}

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
    const idp = { id: 'one', name: 'one', description: '', issuer: 'https://one', jwks: { keys: [] } }
    region.idps = [idp]
    authority = await LocalCa.create({ subject: { CN: 'Authority' } })
    const paths = folders.map(({ path }) => path) as [string, string, string]
    master = await startConnector(paths[0], region, { tunnelTimeoutMs: 0 }, log.log)
    shadow = await startConnector(paths[1], region, { haRole: 'shadow' })
    fresh = await startConnector(paths[2], region, { haRole: 'undefined' })
  })
  after(async () => {
    for (const connector of [master, shadow, fresh]) await connector.close()
    await region.close()
    for (const folder of folders) folder[Symbol.dispose]()
  })

  const ask = (connector: RunningConnector, method: string, path: string, call: Call = {}): Promise<Answer> =>
    connector.call(method, path, { insecure: true, ...call })
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
    await ask(master, 'DELETE', subaccountPath)
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
    const answer = await ask(connector, method, await address(operation), call)
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
    test(`${operation.name}: ${operation.method} ${operation.path} ${operation.form ?? ''} has the status and shape of the reference`, () =>
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
  assert.equal(Object.keys(otherwise).length, 8)
})

/** The shape of a value, as far as a wanted shape looks into it. */
function shapeOf(value: unknown, wanted: Shape): unknown {
  if (typeof wanted === 'string') return typeof value
  if (Array.isArray(wanted)) {
    assert.ok(Array.isArray(value), 'a list is expected')
    for (const member of value) assert.deepEqual(shapeOf(member, wanted[0]), wanted[0])
    return wanted
  }
  const known = wanted as { readonly [name: string]: Shape }
  return Object.fromEntries(
    Object.entries(value as object).map(([name, member]) => [name, shapeOf(member, known[name] ?? 'object')]),
  )
}
