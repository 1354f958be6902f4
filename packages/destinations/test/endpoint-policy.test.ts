import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPlatformError } from '@landbridge/kernel'
import fc from '@landbridge/testkit/properties'
import { EndpointPolicy } from '../src/index.ts'

const production = new EndpointPolicy({ privateAddresses: 'deny' })
const laptop = new EndpointPolicy({ privateAddresses: 'allow' })

const publicAddresses = ['93.184.216.34', '8.8.8.8', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8']
const privateAddresses = [
  '127.0.0.1',
  '127.255.0.9',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  'fc00::1',
  'fdff::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::FFFF:10.0.0.1',
  '64:ff9b::a00:1',
]
const metadataAddresses = [
  '169.254.169.254',
  '169.254.0.1',
  'fe80::1',
  'fe80::1%eth0',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '64:ff9b::a9fe:a9fe',
  'fd00:ec2::254',
  '100.100.100.200',
]

test('production calls public addresses only; a laptop also private ones; nobody calls metadata addresses (DEST-123, CONN-137)', () => {
  const decisions = (addresses: readonly string[], policy: EndpointPolicy) =>
    addresses.filter((address) => policy.permits('host.test', address))
  assert.deepEqual(decisions(publicAddresses, production), publicAddresses)
  assert.deepEqual(decisions(privateAddresses, production), [])
  assert.deepEqual(decisions(metadataAddresses, production), [])
  assert.deepEqual(decisions(publicAddresses, laptop), publicAddresses)
  assert.deepEqual(decisions(privateAddresses, laptop), privateAddresses)
  assert.deepEqual(decisions(metadataAddresses, laptop), [])
})

test('an installation allows single hosts, addresses and networks, but never metadata addresses (DEST-123)', () => {
  const policy = new EndpointPolicy({
    privateAddresses: 'deny',
    allow: ['IDP.corp.test', '10.2.0.0/16', '192.168.0.7', 'fd12::/16', 'metadata.test', '169.254.0.0/16'],
  })
  assert.equal(policy.permits('idp.corp.test', '10.9.9.9'), true)
  assert.equal(policy.permits('other.test', '10.2.3.4'), true)
  assert.equal(policy.permits('other.test', '::ffff:10.2.3.4'), true)
  assert.equal(policy.permits('other.test', '192.168.0.7'), true)
  assert.equal(policy.permits('other.test', 'fd12::9'), true)
  assert.equal(policy.permits('other.test', '10.3.0.1'), false)
  assert.equal(policy.permits('sub.idp.corp.test', '10.9.9.9'), false)
  assert.equal(policy.permits('metadata.test', '169.254.169.254'), false)
})

test('an allowed network that is not well-formed stops the start', () => {
  for (const entry of ['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/x', 'fd00::/129', '10.0.0.0/-1'])
    assert.throws(
      () => new EndpointPolicy({ privateAddresses: 'deny', allow: [entry] }),
      (thrown) => isPlatformError(thrown, 'CONFIG_INVALID'),
    )
})

test('a destination on a private link may call private addresses (DEST-052)', () => {
  assert.equal(production.permits('host.test', '10.0.0.1', true), true)
  assert.equal(production.permits('host.test', '169.254.169.254', true), false)
})

test('an IPv4 address is judged alike in plain and in mapped form, and garbage is refused', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      assert.equal(production.permits('h', address), production.permits('h', `::ffff:${address}`))
      assert.equal(laptop.permits('h', address), laptop.permits('h', `::ffff:${address}`))
    }),
  )
  fc.assert(fc.property(fc.string(), (text) => laptop.permits('h', `${text} `) === false))
})
