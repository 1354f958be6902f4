import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRequestHead, RequestHead, requestLimits } from '@landbridge/http1'
import { ManualClock } from '@landbridge/kernel'
import { type Caller, TunnelTable } from '@landbridge/proxy'
import fc from 'fast-check'
import { CallerMemo, hasRepeatedCredential } from '../src/http/caller-memo.ts'

const names = [
  'Proxy-Authorization',
  'SAP-Connectivity-Authentication',
  'SAP-Connectivity-Technical-Authentication',
  'SAP-CP-Connectivity-Service-Token',
  'SAP-Connectivity-SCC-Location_ID',
] as const

const caller: Caller = {
  subaccountId: 'acme',
  clientId: 'c',
  userToken: '',
  technicalToken: '',
  serviceToken: '',
  expiresAtMs: 1_000,
}
const address = { host: '127.0.0.1', port: 1, serverName: 'x', proxyId: 'p', displayName: 'p' }
const group = new TunnelTable({ requestTunnel: async () => {} }, address, new ManualClock()).group('acme', '')

function parse(lines: readonly string[]): { source: Buffer; head: RequestHead } {
  const text = `GET http://erp.virtual/ HTTP/1.1\r\nHost: erp.virtual\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
  const source = Buffer.from(text, 'latin1')
  const head = new RequestHead()
  assert.ok(parseRequestHead(source, 0, source.length, head, requestLimits) > 0, text)
  return { source, head }
}

/** One value per identity header; undefined where the header is absent. */
const value = fc.option(fc.stringMatching(/^[A-Za-z0-9]{0,6}$/), { nil: undefined })
const identity = fc.tuple(value, value, value, value, value)

function linesOf(values: readonly (string | undefined)[]): string[] {
  return names.flatMap((name, index) => (values[index] === undefined ? [] : [`${name}: ${values[index]}`]))
}

test('a memo matches the very same credentials and location, wherever they stand, and nothing else', () => {
  fc.assert(
    fc.property(identity, identity, fc.boolean(), (first, second, reversed) => {
      const memo = new CallerMemo()
      const known = parse(linesOf(first))
      assert.equal(memo.matches(known.source, known.head, 0), false)
      memo.remember(known.source, known.head, caller, group)
      known.source.fill(0)
      const lines = ['Accept: */*', ...linesOf(second)]
      const other = parse(reversed ? lines.reverse() : lines)
      const isSame = first.every((text, index) => text === second[index])
      assert.equal(memo.matches(other.source, other.head, 0), isSame)
      const again = parse(linesOf(first))
      assert.equal(memo.matches(again.source, again.head, 999), true)
      assert.equal(memo.matches(again.source, again.head, 1_000), false)
    }),
  )
})

test('a credential that occurs twice is noticed, whatever the case of its name', () => {
  for (const name of names) {
    assert.equal(hasRepeatedCredential(parse([`${name}: a`]).head), false)
    assert.equal(hasRepeatedCredential(parse([`${name}: a`, 'Accept: a', `${name.toLowerCase()}: a`]).head), true)
  }
})
