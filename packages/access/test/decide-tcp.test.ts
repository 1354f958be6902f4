import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import {
  checkMapping,
  compileAccess,
  Denial,
  explainAccess,
  findOverlap,
  parsePort,
  type SystemMapping,
} from '../src/index.ts'

function mapping(virtualHost: string, virtualPort: string, more: Partial<SystemMapping> = {}): SystemMapping {
  return {
    virtualHost,
    virtualPort,
    internalHost: 'internal',
    internalPort: virtualPort,
    protocol: 'TCP',
    backendType: 'nonSAPsys',
    authenticationMode: 'NONE',
    hostInHeader: 'virtual',
    allowedClients: [],
    blockedUsers: [],
    createdAtMs: 0,
    resources: [],
    ...more,
  }
}

describe('TCP mappings', () => {
  test('a port of a virtual range leads to the port as far into the internal range (API1-244, SCC-181)', () => {
    const table = compileAccess([
      mapping('db', '9000-9009', { internalPort: '5000-5009' }),
      mapping('db', '9020', { internalPort: '22' }),
    ])
    const port = (asked: number) => {
      const decision = table.decideTcp('db', asked)
      return typeof decision === 'number' ? decision : decision.internalPort
    }
    assert.deepEqual([9000, 9005, 9009, 9020].map(port), [5000, 5005, 5009, 22])
    assert.deepEqual(
      [8999, 9010, 9019, 9021].map(port),
      Array.from({ length: 4 }, () => Denial.NO_SYSTEM),
    )
    assert.equal(table.decideHttp('db', 9000, '/', false), Denial.WRONG_PROTOCOL)
    assert.equal(
      compileAccess([mapping('web', '80', { protocol: 'HTTP' })]).decideTcp('web', 80),
      Denial.WRONG_PROTOCOL,
    )
  })

  test('no mapping, no system: hosts are compared without case and never guessed (SCC-180)', () => {
    const table = compileAccess([mapping('DB.Corp', '1')])
    assert.equal(table.findSystem('db.corp', 1)?.virtualHost, 'DB.Corp')
    assert.equal(table.findSystem('db', 1), undefined)
    assert.equal(table.findSystem('db.corp', 2), undefined)
  })

  test('overlaps are found exactly where a port belongs to both (SCC-181)', () => {
    const range = fc
      .tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 5 }))
      .map(([low, more]) => (more === 0 ? `${low}` : `${low}-${low + more}`))
    fc.assert(
      fc.property(range, range, (one, two) => {
        const ports = (text: string): Set<number> => {
          const { low, high } = parsePort(text, 'TCP')!
          return new Set(Array.from({ length: high - low + 1 }, (_, n) => low + n))
        }
        const shared = [...ports(one)].some((port) => ports(two).has(port))
        assert.equal(findOverlap([mapping('a', one)], mapping('A', two)) !== undefined, shared)
        assert.equal(findOverlap([mapping('b', one)], mapping('a', two)), undefined)
      }),
    )
  })
})

describe('addresses of systems', () => {
  test('an RFC mapping is found by its service name and by the number that the name stands for (API1-245)', () => {
    const table = compileAccess([
      mapping('erp', 'sapgw42', { protocol: 'RFC' }),
      mapping('erp', 'sapgw42s', { protocol: 'RFCS' }),
      mapping('erp', 'sapmsERP', { protocol: 'RFC' }),
    ])
    assert.equal(table.findSystem('erp', 3342)?.virtualPort, 'sapgw42')
    assert.equal(table.findSystem('erp', 4842)?.virtualPort, 'sapgw42s')
    assert.equal(table.findSystemByName('erp', 'sapmsERP')?.internalPort, 0)
    assert.equal(table.findSystem('erp', 0), undefined)
  })

  test('an internal address leads back to the first mapping that leads there', () => {
    const to = (virtualHost: string, internalPort: string) =>
      mapping(virtualHost, '80', { protocol: 'HTTP', internalHost: 'Backend.Corp', internalPort })
    const table = compileAccess([to('first', '8080'), to('second', '8080'), to('third', '9090')])
    assert.equal(table.findByInternalAddress('backend.corp', 8080)?.virtualHost, 'first')
    assert.equal(table.findByInternalAddress('backend.corp', 9090)?.virtualHost, 'third')
    assert.equal(table.findByInternalAddress('backend.corp', 1), undefined)
    assert.equal(table.findByInternalHost('backend.corp')?.virtualHost, 'first')
  })

  test('any text as host or port is either valid or named as the problem', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.constantFrom('HTTP', 'TCP', 'RFC'), (host, port, protocol) => {
        const candidate = mapping(host, port, { protocol: protocol as 'HTTP' })
        const problems = checkMapping(candidate).map(({ field }) => field)
        if (problems.length === 0) assert.equal(compileAccess([candidate]).size, 1)
        else assert.ok(problems.every((field) => /^(virtual|local)(Host|Port)$/.test(field)))
      }),
    )
  })
})

test('an explanation never contradicts the decision', () => {
  const path = fc.string({ unit: fc.constantFrom('/', 'a', '.', '%2e', '\\') }).map((text) => `/${text}`)
  const resource = fc.record({ id: path, enabled: fc.boolean(), exactMatchOnly: fc.boolean() })
  fc.assert(
    fc.property(fc.array(resource, { maxLength: 4 }), path, fc.boolean(), (resources, asked, isWebSocketUpgrade) => {
      const complete = resources.map((entry) => ({ ...entry, websocketUpgradeAllowed: entry.enabled, createdAtMs: 0 }))
      const mappings = [mapping('web', '80', { protocol: 'HTTP', resources: complete })]
      const table = compileAccess(mappings)
      const question = { virtualHost: 'WEB', virtualPort: 80, path: asked, isWebSocketUpgrade }
      const decision = table.decideHttp('web', 80, asked, isWebSocketUpgrade)
      assert.equal(explainAccess(table, mappings, question).allowed, typeof decision !== 'number')
    }),
  )
})
