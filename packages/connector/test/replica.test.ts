import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '@landbridge/kernel'
import fc from '@landbridge/testkit/properties'
import { type ConnectorConfiguration, decodeReplica, encodeReplica, sameReplica, withReplica } from '../src/index.ts'

const configuration = (more: object = {}, jwks: object = {}): ConnectorConfiguration => ({
  settings: {
    installationId: 'i',
    description: 'd',
    haRole: 'master',
    administrator: { user: 'A', passwordHash: 'h', hasInitialPassword: false, generation: 1 },
    trustAllBackends: false,
    ...more,
  },
  subaccounts: new Map([
    [
      's@r',
      {
        ...{ regionHost: 'r', subaccountId: 's', displayName: '', locationId: '', description: '', connected: true },
        ...{ loadSharing: false, tunnelConnections: 1, autoCertRenewal: false, isManaged: false, autoSyncTrust: true },
        ...{ user: 'u', endpoint: { notificationHost: 'n', port: 443, ca: '' }, certificate: 'c', createdAtMs: 1 },
        privateKey: new Secret('key'),
        mappings: new Map(),
        domainMappings: new Map([['i', { virtualDomain: 'v', internalDomain: 'i' }]]),
        identityProviders: new Map([[7, { id: 7, name: 'n', description: '', issuer: 'i', jwks, enabled: true }]]),
        channels: new Map(),
      },
    ],
  ]),
  trustedCertificates: new Map(),
})

const copy = (from: ConnectorConfiguration) => decodeReplica(JSON.parse(JSON.stringify(encodeReplica(from))))

test('a replica brings everything but what is its own, and keeps secrets secret', () => {
  const master = configuration({
    httpsProxy: { host: 'p', port: 1, password: new Secret('pp') },
    haTerm: { number: 9 },
    snc: { libraryName: '/master/lib.so', myName: '', qualityOfProtection: 9 },
  })
  const shadow: ConnectorConfiguration = { ...configuration({ haRole: 'shadow' }), subaccounts: new Map() }
  const { settings, subaccounts } = withReplica(shadow, copy(master))
  assert.equal(settings.httpsProxy?.password?.reveal(), 'pp')
  assert.equal(subaccounts.get('s@r')?.privateKey.reveal(), 'key')
  assert.deepEqual([settings.haRole, settings.haTerm, settings.snc], ['shadow', undefined, undefined])
  assert.equal(subaccounts.get('s@r')?.domainMappings.get('i')?.virtualDomain, 'v')
})

test('a replica that brings nothing new changes nothing, so that nothing is written and no tunnel touched', () => {
  const shadow = withReplica(configuration({ haRole: 'shadow' }), copy(configuration()))
  const again = withReplica(shadow, copy(configuration()))
  assert.ok(sameReplica(shadow, again))
  assert.equal(again.subaccounts, shadow.subaccounts)
  const changed = withReplica(shadow, copy(configuration({ description: 'other' })))
  assert.equal(changed.subaccounts, shadow.subaccounts)
  assert.ok(!sameReplica(shadow, changed))
})

test('documents of others come over unchanged, whatever names they use', () => {
  const names = fc.oneof(fc.constantFrom('$secret', '$$secret', '$', '__proto__', 'a'), fc.string())
  const document = fc.dictionary(names, fc.oneof(fc.string(), fc.integer(), fc.dictionary(names, fc.string())))
  fc.assert(
    fc.property(document, (jwks) => {
      const taken = withReplica(configuration(), copy(configuration({}, jwks)))
      const found = taken.subaccounts.get('s@r')?.identityProviders.get(7)?.jwks
      assert.equal(JSON.stringify(found), JSON.stringify(jwks))
    }),
  )
})

test('what is no replica is refused', () => {
  for (const json of [null, {}, [], 'x', { settings: {} }, { settings: { installationId: 'i' }, subaccounts: {} }])
    assert.throws(() => decodeReplica(json), TypeError)
})
