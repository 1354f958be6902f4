import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import type { SystemMapping } from '@landbridge/access'
import { LocalCa } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import { overviewOf, type Subaccount, type TunnelStatus } from '../src/index.ts'

const dayMs = 86_400_000
const ca = await LocalCa.create({ subject: { CN: 'Region CA' } })
const { cert } = await ca.issueServer({ dnsNames: ['x.example.test'], days: 365 })
/** 365 days before the certificate ends. */
const now = new X509Certificate(cert).validToDate.getTime() - 365 * dayMs
const subaccount: Subaccount = {
  regionHost: 'cf.example.test',
  subaccountId: 'a',
  displayName: '',
  locationId: '',
  description: '',
  connected: true,
  loadSharing: false,
  tunnelConnections: 1,
  autoCertRenewal: false,
  isManaged: false,
  autoSyncTrust: false,
  user: 'admin',
  endpoint: { notificationHost: 'x', port: 443, ca: '' },
  certificate: cert,
  privateKey: new Secret(''),
  createdAtMs: 0,
  mappings: new Map(),
  domainMappings: new Map(),
  identityProviders: new Map(),
  channels: new Map(),
}
const idle: TunnelStatus = { state: 'Disconnected', connectedSinceMs: 0, connections: 0, applicationConnections: [] }
const proxy = { host: 'proxy.example.test', port: 3128 }
const failed = (code: string, reason: string): TunnelStatus => ({
  ...idle,
  state: 'ConnectFailure',
  failure: { code, reason, atMs: now },
})

function exposing(protocol: SystemMapping['protocol'], enabled?: boolean): Subaccount {
  const resource = { id: '/', exactMatchOnly: false, websocketUpgradeAllowed: false, createdAtMs: 0 }
  const mapping = { protocol, resources: enabled === undefined ? [] : [{ ...resource, enabled }] } as unknown
  return { ...subaccount, mappings: new Map([['erp:80', mapping as SystemMapping]]) }
}

test('the state of a subaccount is what its tunnel and its administrator make of it (SCC-081)', () => {
  const stateOf = (of: Subaccount, tunnel: TunnelStatus) => overviewOf(of, tunnel, { proxy, nowMs: now }).state
  assert.equal(stateOf(subaccount, { ...idle, state: 'Connected' }), 'connected')
  assert.equal(stateOf(subaccount, idle), 'connecting')
  assert.equal(stateOf(subaccount, failed('CLOUD_UNREACHABLE', 'ECONNREFUSED')), 'failed')
  assert.equal(stateOf({ ...subaccount, connected: false }, idle), 'disconnected')
})

test('resources count as exposed while one of them is enabled; other protocols expose by their mapping (SCC-082)', () => {
  const cases = [
    [subaccount, false],
    [exposing('HTTP'), false],
    [exposing('HTTPS', false), false],
    [exposing('HTTP', true), true],
    [exposing('RFC', false), false],
    [exposing('RFC', true), true],
    [exposing('TCP'), true],
  ] as const
  for (const [of, expected] of cases)
    assert.equal(overviewOf(of, idle, { proxy, nowMs: now }).hasActiveResources, expected)
})

test('the lights of region host and proxy follow from the last failure (SCC-093)', () => {
  const cases = [
    ['CLOUD_UNREACHABLE', 'ECONNREFUSED', 'red', 'green'],
    ['CLOUD_UNREACHABLE', 'CLOUD_UNREACHABLE: … (no answer in time)', 'yellow', 'green'],
    ['CLOUD_UNTRUSTED', 'SELF_SIGNED_CERT_IN_CHAIN', 'red', 'green'],
    ['CLOUD_INTERCEPTED', 'something', 'red', 'green'],
    ['CONTROL_REFUSED', 'another connector', 'yellow', 'green'],
    ['TUNNEL_LOST', 'the connection broke', 'yellow', 'green'],
    ['PROXY_REFUSED', 'it does not support CONNECT (405)', 'yellow', 'red'],
    ['PROXY_UNREACHABLE', 'no answer in time', 'yellow', 'yellow'],
  ] as const
  for (const [code, reason, region, way] of cases) {
    const shown = overviewOf(subaccount, failed(code, reason), { proxy, nowMs: now })
    assert.deepEqual([shown.regionHost.status, shown.httpsProxy.status], [region, way], code)
    const blamed = way === 'green' ? shown.regionHost : shown.httpsProxy
    assert.equal(blamed.cause, reason)
    assert.equal(
      overviewOf(subaccount, failed(code, reason), { proxy: undefined, nowMs: now }).httpsProxy.status,
      'grey',
    )
  }
})

test('the certificate turns yellow thirty days before its end, or as many as asked for, and red after it (SCC-094)', () => {
  const at = (days: number, alertDays?: number) =>
    overviewOf(subaccount, idle, {
      proxy,
      nowMs: now + days * dayMs,
      ...(alertDays === undefined ? {} : { alertDays }),
    }).subaccountCertificate
  assert.deepEqual(at(1), { status: 'green' })
  assert.deepEqual(at(334), { status: 'green' })
  assert.deepEqual(at(336), { status: 'yellow', cause: 'expires in 29 days: refresh the certificate' })
  assert.deepEqual(at(336, 10), { status: 'green' })
  assert.match(at(364.5).cause ?? '', /expires in 1 day:/)
  assert.equal(at(366).status, 'red')
  assert.match(at(366).cause ?? '', /^expired on 20/)
  assert.match(at(-2).cause ?? '', /check the clock/)
})
