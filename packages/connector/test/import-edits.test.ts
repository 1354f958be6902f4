import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource, SystemMapping } from '@landbridge/access'
import { isPlatformError, Secret } from '@landbridge/kernel'
import fc, { runs } from '@landbridge/testkit/properties'
import {
  addSubaccount,
  type ConnectorConfiguration,
  importMappings,
  importScenario,
  mappingOf,
  removeScenario,
  type Subaccount,
  subaccountOf,
} from '../src/index.ts'

function resource(id: string, enabled: boolean): Resource {
  return { id, enabled, exactMatchOnly: false, websocketUpgradeAllowed: false, createdAtMs: 0 }
}

function mapping(virtualHost: string, virtualPort: string, internalHost: string, resources: Resource[]): SystemMapping {
  return {
    ...{ virtualHost, virtualPort, internalHost, internalPort: virtualPort },
    ...{ protocol: virtualPort.includes('-') ? 'TCP' : 'HTTP', backendType: 'nonSAPsys', authenticationMode: 'NONE' },
    ...{ hostInHeader: 'virtual', allowedClients: [], blockedUsers: [], createdAtMs: 0 },
    resources: virtualPort.includes('-') ? [] : resources,
  }
}

function subaccount(mappings: readonly SystemMapping[]): Subaccount {
  const empty = { settings: {}, subaccounts: new Map(), trustedCertificates: new Map() }
  const configuration = addSubaccount(empty as unknown as ConnectorConfiguration, {
    ...{ regionHost: 'r', subaccountId: 's', displayName: '', locationId: '', description: '', user: '' },
    ...{ connected: true, loadSharing: false, tunnelConnections: 1, autoCertRenewal: false, isManaged: false },
    ...{ autoSyncTrust: false, endpoint: { notificationHost: '', port: 443, ca: '' }, certificate: '', createdAtMs: 0 },
    privateKey: new Secret('k'),
  })
  const options = { overwrite: true, includeResources: true }
  return importMappings(subaccountOf(configuration, 'r', 's'), mappings, options).subaccount
}

const ids: fc.Arbitrary<string[]> = fc.uniqueArray(fc.constantFrom('/a', '/b', '/c', '/d', '/e'), { minLength: 1 })

test('whatever is imported and removed in whatever order, what an administrator made stays as it was, and the rest is exactly what the present scenarios hold (SCC-257, SCC-258, SCC-259)', () => {
  const step = fc.record({ name: fc.constantFrom('one', 'two', 'three'), ids, isRemoval: fc.boolean() })
  fc.assert(
    fc.property(ids, fc.array(step, { maxLength: 12 }), (own, steps) => {
      const made = own.map((id) => resource(id, false))
      let current = subaccount([mapping('v', '80', 'i', made)])
      const present = new Map<string, Set<string>>()
      for (const { name, ids: offered, isRemoval } of steps) {
        const target = mappingOf(current, 'v', '80')
        if (!isRemoval) {
          const scenario = { name, kind: 'HTTP', resources: offered.map((id) => resource(id, true)) } as const
          current = importScenario(current, target, scenario).subaccount
          present.set(name, new Set([...(present.get(name) ?? []), ...offered]))
        } else if (present.delete(name)) current = removeScenario(current, target, name)
        else assert.throws(() => removeScenario(current, target, name), isPlatformError)
      }
      const found = mappingOf(current, 'v', '80').resources
      const wanted = new Set([...own, ...[...present.values()].flatMap((some) => [...some])])
      assert.deepEqual(new Set(found.map(({ id }) => id)), wanted)
      for (const { id, enabled, scenarios = [], isFromScenario = false } of found) {
        assert.deepEqual([enabled, isFromScenario], own.includes(id) ? [false, false] : [true, true], id)
        const holders = [...present].filter(([, some]) => some.has(id)).map(([name]) => name)
        assert.deepEqual(new Set(scenarios), new Set(holders))
      }
    }),
    runs(500),
  )
})

test('an import adds what is missing and replaces what it may, or it is refused and nothing has changed (SCC-187, SCC-188)', () => {
  const entry = fc
    .tuple(
      fc.constantFrom('v', 'V', 'w'),
      fc.constantFrom('80', '81', '80-82', '82-83', '84'),
      fc.constantFrom('i', 'j'),
      ids,
    )
    .map(([host, port, internal, some]) =>
      mapping(
        host,
        port,
        internal,
        some.map((id) => resource(id, true)),
      ),
    )
  const key = ({ virtualHost, virtualPort }: SystemMapping): string => `${virtualHost.toLowerCase()}:${virtualPort}`
  const ports = ({ virtualPort }: SystemMapping): number[] => {
    const [low = 0, high = low] = virtualPort.split('-').map(Number)
    return Array.from({ length: high - low + 1 }, (_, n) => low + n)
  }
  const isFreeOfOverlaps = (mappings: readonly SystemMapping[]): boolean => {
    const taken = mappings.flatMap((one) => ports(one).map((port) => `${one.virtualHost.toLowerCase()}:${port}`))
    return new Set(taken).size === taken.length
  }
  const flags = fc.record({ overwrite: fc.boolean(), includeResources: fc.boolean() })
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 4 }),
      fc.array(entry, { maxLength: 5 }),
      flags,
      (there, offered, options) => {
        fc.pre(isFreeOfOverlaps(there))
        const before = subaccount(there)
        const known = new Map(there.map((one) => [key(one), one]))
        const added = offered.filter((one) => !known.has(key(one)))
        const isTwice = new Set(offered.map(key)).size < offered.length
        if (isTwice || !isFreeOfOverlaps([...there, ...added])) {
          assert.throws(() => importMappings(before, offered, options), isPlatformError)
          return
        }
        const { subaccount: after } = importMappings(before, offered, options)
        assert.deepEqual(new Set(after.mappings.keys()), new Set([...known.keys(), ...offered.map(key)]))
        for (const one of offered) {
          const found = after.mappings.get(key(one))
          const isTaken = options.overwrite || !known.has(key(one))
          if (!isTaken) assert.equal(found, before.mappings.get(key(one)))
          else {
            assert.equal(found?.internalHost, one.internalHost)
            const expected = options.includeResources ? one.resources.map(({ id }) => id).toSorted() : []
            assert.deepEqual(found?.resources.map(({ id }) => id).toSorted(), expected)
          }
        }
        for (const [name, one] of before.mappings)
          if (!offered.some((other) => key(other) === name)) assert.equal(after.mappings.get(name), one)
      },
    ),
    runs(2_000),
  )
})
