import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRequestHead, RequestHead, requestLimits } from '@landbridge/http1'
import { ManualClock } from '@landbridge/kernel'
import { type Caller, TunnelTable } from '@landbridge/proxy'
import fc from '@landbridge/testkit/properties'
import { CallerMemo, hasRepeatedCredential } from '../src/http/caller-memo.ts'
import { KnownUsers } from '../src/http/known-users.ts'

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

/** Looks a header up that stands somewhere in a buffer, as after parsing. */
function lookUp(users: KnownUsers, header: string, nowMs = 0): string {
  const source = Buffer.from(`..${header}..`, 'latin1')
  return users.token(source, 2, source.length - 2, nowMs)
}

test("a user's token is found by all bytes of the header, however alike headers are at their ends", () => {
  // Few letters and equal ends: nearly every header meets another one with its key.
  const header = fc
    .tuple(fc.stringMatching(/^[ab]{0,4}$/), fc.constantFrom('xxxxx', 'xyxxx'))
    .map(([a, end]) => a + end)
  fc.assert(
    fc.property(fc.array(header, { minLength: 2, maxLength: 30 }), (headers) => {
      const users = new KnownUsers((text) => `token of ${text}`)
      for (const text of headers) assert.equal(lookUp(users, text), `token of ${text}`)
      assert.ok(users.size <= 2)
    }),
  )
})

test('a token is cut out of its header once, until ten minutes later; users beyond the limits make the oldest leave', () => {
  const cut: string[] = []
  const users = new KnownUsers((header) => `${cut.push(header)}`)
  assert.deepEqual([lookUp(users, 'ada'), lookUp(users, 'ada'), lookUp(users, 'bob', 60_000)], ['1', '1', '2'])
  users.sweep(599_999)
  assert.equal(users.size, 2)
  users.sweep(600_000)
  assert.deepEqual([users.size, lookUp(users, 'bob', 600_000), lookUp(users, 'ada', 600_000)], [1, '2', '3'])
  for (let i = 0; i < 9_000; i++) lookUp(users, `user-${i}`)
  assert.equal(users.size, 4096)
  for (let i = 0; i < 2_000; i++) lookUp(users, `${'x'.repeat(10_000)}${i}`)
  assert.ok(users.bytes <= 8 * 1024 * 1024 && users.size > 800)
  const { size } = users
  lookUp(users, 'y'.repeat(17_000))
  assert.equal(users.size, size)
})
