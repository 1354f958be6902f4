import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import {
  type BindingFiles,
  renderCredentials,
  renderFlatSecret,
  renderSecretMount,
  renderServiceBinding,
  renderVcapServices,
} from '../src/index.ts'
import { bound, endpoints } from './sample-landscape.ts'

// SAP's own library, unchanged: what it finds is what applications find.
const xsenv = createRequire(import.meta.url)('@sap/xsenv') as {
  filterServices(filter: object): { name: string; label: string; credentials: object }[]
}

test('VCAP_SERVICES is keyed by service, its entries carry label, tags and the fixed fields (CONN-008, CONN-009, RC-001, RC-002)', () => {
  const services = renderVcapServices([bound('xsuaa'), bound('destination'), bound('connectivity')], endpoints)
  assert.deepEqual(Object.keys(services), ['xsuaa', 'destination', 'connectivity'])
  const entry = services.connectivity?.[0]
  assert.equal(entry?.label, 'connectivity')
  assert.deepEqual(entry?.tags, ['connectivity', 'conn', 'connsvc'])
  assert.equal(entry?.plan, 'lite')
  assert.equal(entry?.instance_guid, 'instance-of-app-connectivity')
  assert.equal(entry?.provider, null)
  assert.equal(entry?.syslog_drain_url, null)
  assert.deepEqual(entry?.volume_mounts, [])
  assert.deepEqual(services.xsuaa?.[0]?.tags, ['xsuaa'])
  assert.deepEqual(services.destination?.[0]?.tags, ['destination', 'conn', 'connsvc'])
})

test('several bindings of one service stay apart by name (CONN-008, RC-007)', () => {
  const same = [bound('destination', 'd', 'one'), bound('destination', 'd', 'two'), bound('destination', 'e')]
  const names = renderVcapServices(same, endpoints).destination?.map((entry) => entry.name)
  assert.deepEqual(names, ['d', 'd-two', 'e'])
})

test('the label connectivity means one service even where a proxy key is bound too (RC-001)', () => {
  const services = renderVcapServices([bound('connectivity_proxy'), bound('connectivity')], endpoints)
  assert.equal(services.connectivity?.length, 1)
  assert.equal(services.connectivity?.[0]?.plan, 'lite')
})

function mount(files: BindingFiles): { root: string; [Symbol.dispose](): void } {
  const root = mkdtempSync(join(tmpdir(), 'landbridge-binding-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) }
}

function found(root: string, filter: object): { name: string; credentials: object }[] {
  process.env.SERVICE_BINDING_ROOT = root
  try {
    return xsenv.filterServices(filter)
  } finally {
    delete process.env.SERVICE_BINDING_ROOT
  }
}

test('@sap/xsenv finds a servicebinding.io directory by label and by tag (RC-010, RC-011, CONN-014)', () => {
  using mounted = mount({
    ...renderServiceBinding(bound('destination'), endpoints),
    ...renderServiceBinding(bound('connectivity'), endpoints),
  })
  for (const filter of [{ label: 'destination' }, { tag: 'destination' }]) {
    const services = found(mounted.root, filter)
    assert.equal(services.length, 1)
    assert.equal(services[0]?.name, 'app-destination')
    const [expected] = renderVcapServices([bound('destination')], endpoints).destination ?? []
    assert.deepEqual(services[0]?.credentials, expected?.credentials)
  }
})

test('@sap/xsenv finds secrets mounted as service/instance/key (RC-013, CONN-014)', () => {
  using mounted = mount(renderSecretMount(bound('connectivity'), endpoints))
  const [service] = found(mounted.root, { tag: 'connsvc' })
  assert.equal(service?.name, 'app-connectivity')
  // The library counts the files that describe the service among its credentials.
  assert.deepEqual(
    { ...service?.credentials },
    {
      ...renderCredentials(bound('connectivity'), endpoints),
      label: 'connectivity',
      plan: 'lite',
      tags: '["connectivity","conn","connsvc"]',
    },
  )
})

test('mounted files have no trailing newline that the credential has not, in the flat layout too (RC-009, RC-012)', () => {
  const files = renderFlatSecret(bound('destination'), endpoints)
  assert.equal(files['destination/clientid'], 'sb-clone3!b3|destination!b1')
  assert.equal(files['destination/clientsecret'], 's3cret')
  for (const key of ['url', 'uri', 'identityzone']) assert.doesNotMatch(files[`destination/${key}`] ?? '\n', /\s$/)
})
