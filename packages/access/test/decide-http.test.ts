import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { describe, test } from 'node:test'
import { anyCharacter } from '@landbridge/testkit'
import fc, { runs } from '@landbridge/testkit/properties'
import {
  compileAccess,
  Denial,
  explainAccess,
  type HttpDecision,
  type Resource,
  type SystemMapping,
} from '../src/index.ts'

function resource(id: string, more: Partial<Resource> = {}): Resource {
  return { id, enabled: true, exactMatchOnly: false, websocketUpgradeAllowed: false, createdAtMs: 0, ...more }
}

function mapping(resources: readonly Resource[], more: Partial<SystemMapping> = {}): SystemMapping {
  return {
    virtualHost: 'erp.corp',
    virtualPort: '8000',
    internalHost: '10.0.0.5',
    internalPort: '44300',
    protocol: 'HTTP',
    backendType: 'abapSys',
    authenticationMode: 'NONE',
    hostInHeader: 'virtual',
    allowedClients: [],
    blockedUsers: [],
    createdAtMs: 0,
    resources,
    ...more,
  }
}

function decide(resources: readonly Resource[], path: string, upgrade = false): HttpDecision {
  return compileAccess([mapping(resources)]).decideHttp('erp.corp', 8000, path, upgrade)
}

function isAllowed(decision: HttpDecision): boolean {
  return typeof decision !== 'number'
}

describe('which paths a resource admits', () => {
  test('nothing is exposed without a mapping, and nothing by a mapping without resources (SCC-180, SCC-198, SCC-202)', () => {
    assert.equal(compileAccess([]).decideHttp('erp.corp', 8000, '/', false), Denial.NO_SYSTEM)
    const table = compileAccess([mapping([])])
    assert.equal(table.decideHttp('erp.corp', 8000, '/', false), Denial.NO_RESOURCE)
    assert.equal(table.decideHttp('erp.corp', 8001, '/', false), Denial.NO_SYSTEM)
    assert.equal(table.decideHttp('other.corp', 8000, '/', false), Denial.NO_SYSTEM)
  })

  test('an exact resource admits the identical path whatever its query (SCC-199)', () => {
    const exact = [resource('/orders/list', { exactMatchOnly: true })]
    assert.ok(isAllowed(decide(exact, '/orders/list?top=5')))
    for (const path of ['/orders/list/7', '/orders/lists', '/orders/list/', '/orders'])
      assert.equal(decide(exact, path), Denial.NO_RESOURCE, path)
  })

  test('a sub-path resource admits everything that starts with its text (SCC-200)', () => {
    for (const path of ['/orders/list', '/orders/list/7', '/orders/listing-extra', '/orders/list?a=/x'])
      assert.ok(isAllowed(decide([resource('/orders/list')], path)), path)
    assert.equal(decide([resource('/orders/list')], '/orders/lis'), Denial.NO_RESOURCE)
  })

  test('the resource / with sub-paths admits every path (SCC-201)', () => {
    for (const path of ['/', '/a/b?c', "/odata/Orders('A%2FB')", '/a//b', '/%C3%A4'])
      assert.ok(isAllowed(decide([resource('/')], path)), path)
  })

  test('a suspended resource denies and the others go on (SCC-204)', () => {
    const rules = [resource('/a', { enabled: false }), resource('/b')]
    assert.equal(decide(rules, '/a'), Denial.NO_RESOURCE)
    assert.ok(isAllowed(decide(rules, '/b')))
  })

  test('an upgrade to WebSocket needs a matching resource that allows it (SCC-206)', () => {
    const rules = [resource('/'), resource('/live', { websocketUpgradeAllowed: true })]
    assert.ok(isAllowed(decide(rules, '/live/feed', true)))
    assert.equal(decide(rules, '/other', true), Denial.NO_WEBSOCKET)
    assert.ok(isAllowed(decide(rules, '/other')))
  })

  test('a mapping of another protocol does not serve HTTP', () => {
    const table = compileAccess([mapping([], { protocol: 'TCP' })])
    assert.equal(table.decideHttp('erp.corp', 8000, '/', false), Denial.WRONG_PROTOCOL)
  })
})

describe('paths that could mean another one to the backend', () => {
  const refused = [
    ...['/orders/../secret', '/orders/..', '/orders/.', '/orders/./x', '/../x', '/..', '/orders/%2e%2e/secret'],
    ...['/orders/.%2E/secret', '/orders/%252e%252e/secret', '/orders/%25%32%65%2e/secret', '/orders/%%32e./secret'],
    ...['/orders/..%2fsecret', '/orders%2f..%2fsecret', '/orders/..%5csecret', '/orders/..\\secret', '/orders\\x'],
    ...['/orders/%c0%ae%c0%ae/secret', '/orders/..%c0%afsecret', '/orders/%u002e%u002e/secret', '/orders/..;a=b/x'],
    ...['/orders/..;', '/orders/..%3bx/y', '/orders/..%20/x', '/orders/%00', '/orders/\u0000', '/orders/a b', '/a\tb'],
    ...['/orders/%0d%0a', '/orders/%250d', '', 'orders', '?x', '*', '/orders/%2525252e%2e/x', '/orders/../?x'],
    `/a/${'%25'.repeat(3)}${'25'.repeat(20)}2e`,
  ]
  for (const path of refused)
    test(`${JSON.stringify(path)} is refused even by the resource / (SCC-207)`, () => {
      assert.equal(decide([resource('/'), resource('/orders/')], path), Denial.BAD_PATH)
    })

  for (const path of [
    '/a/...',
    '/a/..b/c',
    '/.well-known/x',
    '/a/b.c',
    '/a%2fb',
    '/100%25',
    '/x%2',
    '/a;b=../c',
    '/%zz',
  ])
    test(`${JSON.stringify(path)} is no traversal and passes`, () => {
      assert.ok(isAllowed(decide([resource('/')], path)))
    })

  test('whatever is allowed still lies below its resource after any number of decodings (SCC-207)', () => {
    const piece = fc.constantFrom(
      ...['/', 'a', 'b', '.', '..', '%2e', '%2E', '%252e', '%2f', '%5c', '%255c', '\\', ';', '%', '25', '32', '2e'],
      ...['%25', '%32', '%65', '%c0%ae', '%c0%af', '?', '%3b', '/a/', '/a/b'],
    )
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`)
    fc.assert(
      fc.property(text, fc.constantFrom('/a', '/a/', '/a/b', '/b/a'), fc.nat(6), (path, id, decodings) => {
        if (!isAllowed(decide([resource(id)], path))) return
        let seen = path.split('?')[0]!
        for (let n = 0; n < decodings; n++) seen = seen.replace(/%([0-9a-f]{2})/gi, (_, hex) => hexChar(hex))
        const plain = seen.replaceAll('\\', '/').replace(/;[^/]*/g, '')
        assert.ok(plain.startsWith(id) || seen.startsWith(id), `${plain} left ${id}`)
        assert.ok(posix.normalize(seen.replaceAll('\\', '/')).startsWith(id.replace(/\/$/, '')), `${seen} left ${id}`)
        assert.ok(!plain.split('/').some((segment) => segment === '..' || segment === '.'), plain)
      }),
      runs(20_000),
    )
  })

  test('a decision is the one of a naive comparison with every enabled resource (SCC-199, SCC-200, SCC-204)', () => {
    const path = fc.array(fc.constantFrom('/', 'a', 'b', '/a', '-', '#'), { maxLength: 6 }).map((p) => `/${p.join('')}`)
    const rule = fc
      .record({ id: path, enabled: fc.boolean(), exactMatchOnly: fc.boolean(), websocketUpgradeAllowed: fc.boolean() })
      .map((fields) => resource(fields.id, fields))
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 12 }), path, fc.boolean(), (rules, asked, upgrade) => {
        const hits = rules.filter((r) => r.enabled && (r.exactMatchOnly ? r.id === asked : asked.startsWith(r.id)))
        const naive =
          hits.length === 0
            ? Denial.NO_RESOURCE
            : upgrade && !hits.some((r) => r.websocketUpgradeAllowed)
              ? Denial.NO_WEBSOCKET
              : 'allowed'
        const decision = decide(rules, `${asked}?q`, upgrade)
        assert.equal(isAllowed(decision) ? 'allowed' : decision, naive)
      }),
      runs(5_000),
    )
  })

  test('a resource with # admits the path that writes it %23, and nothing that writes another character (SCC-228)', () => {
    const rules = [resource('/a#b', { exactMatchOnly: true }), resource('/c#/')]
    for (const path of ['/a%23b', '/c%23/', '/c%23/d']) assert.ok(isAllowed(decide(rules, path)), path)
    for (const path of ['/a', '/ab', '/a%2523b', '/a%23', '/a%23b/', '/c%23', '/c%2f'])
      assert.equal(decide(rules, path), Denial.NO_RESOURCE, path)
    const mappings = [mapping(rules)]
    const question = { virtualHost: 'erp.corp', virtualPort: 8000, path: '/a%23b', isWebSocketUpgrade: false }
    const { resources } = explainAccess(compileAccess(mappings), mappings, question)
    assert.deepEqual(
      resources.map(({ effect }) => effect),
      ['admits the path, not for WebSocket'],
    )
  })

  test('any text at all is decided without an exception', () => {
    const table = compileAccess([mapping([resource('/')])])
    fc.assert(
      fc.property(
        fc.string({ unit: anyCharacter(fc) }),
        (path) => void table.decideHttp('erp.corp', 8000, path, false),
      ),
    )
  })
})

function hexChar(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16))
}
