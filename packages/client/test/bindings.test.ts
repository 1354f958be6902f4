import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { format, inspect } from 'node:util'
import { isPlatformError, parseVcapServices, readBindings } from '@landbridge/client'
import { temporaryFolder } from '@landbridge/testkit'
import { readOAuthClient } from '../src/bindings/oauth-client.ts'

const services = {
  connectivity: [{ label: 'connectivity', name: 'conn-lite', tags: ['conn'], credentials: { clientid: 'c1' } }],
  destination: [
    { label: 'destination', name: 'dest-a', plan: 'lite', tags: ['conn'], credentials: { clientid: 'd1' } },
    { label: 'destination', name: 'dest-b', tags: [], credentials: { clientid: 'd2' } },
  ],
}
const VCAP_SERVICES = JSON.stringify(services)
const nowhere = '/nonexistent'

function write(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}

test('a binding is found by its name and by its service (CONN-256)', () => {
  const bindings = readBindings({ environment: { VCAP_SERVICES }, directory: nowhere })
  assert.equal(bindings.get('connectivity').credentials.clientid, 'c1')
  assert.equal(bindings.get('conn-lite').credentials.clientid, 'c1')
  assert.equal(bindings.get('dest-b').credentials.clientid, 'd2')
})

test('a missing binding is named, with those that exist and what to do (CONN-256, RFC-006)', () => {
  const bindings = readBindings({ environment: { VCAP_SERVICES }, directory: nowhere })
  assert.throws(() => bindings.get('xsuaa'), {
    code: 'CLIENT_BINDING_MISSING',
    message: /wanted=xsuaa, available=conn-lite \(connectivity\), dest-a .*sources=VCAP_SERVICES.* Developer: bind/,
  })
  const none = readBindings({ environment: {}, directory: nowhere })
  assert.throws(() => none.get('xsuaa'), /available=none, sources=none found/)
  assert.throws(() => bindings.get('destination'), { code: 'CLIENT_BINDING_AMBIGUOUS', message: /dest-a.*dest-b/ })
})

test('default-env.json is read when the environment has no VCAP_SERVICES, as object and as text (CONN-256)', () => {
  using folder = temporaryFolder()
  const read = (environment = {}) => readBindings({ environment, directory: folder.path }).get('conn-lite').credentials
  for (const content of [services, VCAP_SERVICES]) {
    write(folder.path, { 'default-env.json': JSON.stringify({ VCAP_SERVICES: content }) })
    assert.equal(read().clientid, 'c1')
  }
  assert.throws(() => read({ VCAP_SERVICES: '{}' }), { code: 'CLIENT_BINDING_MISSING' })
  write(folder.path, { 'vcap.json': VCAP_SERVICES })
  assert.equal(read({ VCAP_SERVICES_FILE_PATH: join(folder.path, 'vcap.json') }).clientid, 'c1')
})

test('bindings that Kubernetes mounts as files are found in both layouts (CONN-256)', () => {
  using folder = temporaryFolder()
  const root = join(folder.path, 'bindings')
  write(join(root, 'my-destination'), {
    type: 'destination',
    label: 'destination',
    clientid: 'd1',
    secret: 'unlisted',
    uaa: '{"url":"https://x.example"}',
    '.metadata': JSON.stringify({
      metaDataProperties: [{ name: 'type', format: 'text' }],
      credentialProperties: [
        { name: 'clientid', format: 'text' },
        { name: 'uaa', format: 'json' },
      ],
    }),
  })
  write(join(root, 'connectivity', 'conn-1', '..data'), { clientid: 'c1', tags: '["conn"]' })
  // As Kubernetes does it.
  for (const name of ['clientid', 'tags']) symlinkSync(join('..data', name), join(root, 'connectivity', 'conn-1', name))
  const bindings = readBindings({ environment: { SERVICE_BINDING_ROOT: root }, directory: nowhere })
  assert.deepEqual(bindings.get('destination'), {
    label: 'destination',
    name: 'my-destination',
    tags: ['destination'],
    credentials: { clientid: 'd1', uaa: { url: 'https://x.example' } },
  })
  assert.deepEqual(bindings.get('conn-1').credentials, { clientid: 'c1' })
  assert.deepEqual(bindings.get('connectivity').tags, ['conn', 'connectivity'])
})

test('what cannot be read is named without its content (RFC-006, RFC-161)', () => {
  const broken = () => readBindings({ environment: { VCAP_SERVICES: '{"clientsecret":"s3cret" oops' } })
  assert.throws(broken, (error: Error) => {
    assert.ok(isPlatformError(error, 'CLIENT_BINDING_INVALID'))
    assert.match(error.message, /source=VCAP_SERVICES, reason=not JSON/)
    assert.doesNotMatch(JSON.stringify([error.message, error.stack, String(error.cause)]), /s3cret/)
    return true
  })
  assert.throws(() => parseVcapServices({ destination: {} }), /field=destination, reason=not a list/)
  assert.throws(() => parseVcapServices({ destination: [{}] }), /field=destination\[0\], reason=no credentials/)
})

test('a binding with a certificate is used at the address for certificates, one with a secret at the other', () => {
  const base = { clientid: 'c', url: 'https://t.example/', certurl: 'https://t.cert.example' }
  const of = (credentials: object) => readOAuthClient(parseVcapServices({ xsuaa: [{ credentials }] })[0]!)
  assert.equal(of({ ...base, clientsecret: 's' }).tokenUrl, 'https://t.example/oauth/token')
  const x509 = of({ ...base, certificate: 'CERT', key: 'KEY' })
  assert.deepEqual(
    [x509.tokenUrl, x509.identity?.cert, x509.secret],
    ['https://t.cert.example/oauth/token', 'CERT', undefined],
  )
  assert.throws(() => of(base), { code: 'CLIENT_BINDING_INVALID', message: /field=clientsecret/ })
})

test('one bound instance of each service needs no variable, whatever its name, and its first credentials count (RFC-001, RFC-005)', () => {
  const one = (label: string) => [{ label, name: `any-${label}`, tags: [], credentials: { clientid: `c-${label}` } }]
  const VCAP_SERVICES = JSON.stringify({ xsuaa: one('xsuaa'), connectivity: one('connectivity') })
  const bindings = readBindings({ environment: { VCAP_SERVICES }, directory: nowhere })
  for (const service of ['xsuaa', 'connectivity'] as const)
    assert.equal(bindings.of(service).credentials.clientid, `c-${service}`)
  assert.throws(() => bindings.of('destination'), { code: 'CLIENT_BINDING_MISSING', message: /wanted=destination/ })
})

test('of several bound instances an environment variable names one, for each of the three services by itself (RFC-002, RFC-003, RFC-004)', () => {
  const two = (label: string) =>
    ['a', 'b'].map((id) => ({
      label,
      name: `bound-${id}`,
      instance_name: `${label}-${id}`,
      credentials: { clientid: id },
    }))
  const VCAP_SERVICES = JSON.stringify({
    xsuaa: two('xsuaa'),
    connectivity: two('connectivity'),
    destination: two('destination'),
  })
  const read = (environment = {}) =>
    readBindings({ environment: { VCAP_SERVICES, ...environment }, directory: nowhere })
  const variables = {
    xsuaa: 'xsuaa_connectivity_instance_name',
    connectivity: 'connectivity_instance_name',
    destination: 'destination_instance_name',
  } as const
  for (const service of ['xsuaa', 'connectivity', 'destination'] as const) {
    for (const id of ['a', 'b']) {
      const chosen = read({ [variables[service]]: `${service}-${id}` })
      assert.equal(chosen.of(service).credentials.clientid, id)
      const others = Object.keys(variables).filter((other) => other !== service) as (keyof typeof variables)[]
      for (const other of others) assert.throws(() => chosen.of(other), { code: 'CLIENT_BINDING_AMBIGUOUS' })
    }
    assert.throws(() => read().of(service), {
      code: 'CLIENT_BINDING_AMBIGUOUS',
      message: new RegExp(`bound-a.*bound-b.*variable=${variables[service]}`),
    })
    assert.throws(() => read({ [variables[service]]: 'c' }).of(service), {
      code: 'CLIENT_BINDING_MISSING',
      message: new RegExp(`Service instance c of service ${service} not bound to application`),
    })
  }
  const usual = [...two('xsuaa'), { label: 'xsuaa', name: 'conn-xsuaa', credentials: { clientid: 'usual' } }]
  assert.equal(read({ VCAP_SERVICES: JSON.stringify({ xsuaa: usual }) }).of('xsuaa').credentials.clientid, 'usual')
})

test('bindings that are printed show names and no credentials (RFC-161)', () => {
  const bindings = readBindings({ environment: { VCAP_SERVICES }, directory: nowhere })
  for (const printed of [inspect(bindings, { depth: null }), JSON.stringify(bindings), format('%o', bindings)]) {
    assert.match(printed, /dest-a/)
    assert.doesNotMatch(printed, /clientid|c1|d1/)
  }
})
