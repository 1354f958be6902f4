import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileAccess } from '@landbridge/access'
import { type ConnectorConfiguration, mappingKey, SubaccountTraffic, subaccountKey } from '@landbridge/connector'
import { ManualClock, silentLog } from '@landbridge/kernel'
import { ConnectorUsageStore } from '@landbridge/store'
import { mapping, resource, temporaryFolder } from '@landbridge/testkit'
import { UsageKeeper } from '../src/usage-keeper.ts'
import { openConnectorStore } from './running-connector.ts'

const [regionHost, subaccountId] = ['region.test', 'one']
const exposed = mapping('erp.virtual', 80, { resources: [resource('/a'), resource('/b')] })

/** A configuration with one subaccount, of which only what usage needs is there. */
function configuration(mappings = [exposed]): ConnectorConfiguration {
  const byKey = new Map(mappings.map((entry) => [mappingKey(entry.virtualHost, entry.virtualPort), entry]))
  const subaccount = { regionHost, subaccountId, mappings: byKey }
  return {
    subaccounts: new Map([[subaccountKey(regionHost, subaccountId), subaccount]]),
  } as object as ConnectorConfiguration
}

test('usage is written every minute, so that even a crash loses no more (OPS-181, PLAT-214)', async () => {
  using folder = temporaryFolder()
  const clock = new ManualClock()
  const database = await openConnectorStore(folder.path, clock)
  const usage = new ConnectorUsageStore(database)
  let current = configuration()
  let changed = (): void => {}
  const store = {
    get current() {
      return current
    },
    onChange(listener: (next: ConnectorConfiguration) => void) {
      changed = () => listener(current)
      return () => {}
    },
  }
  const start = async () => {
    const traffic = new SubaccountTraffic(clock)
    const keeper = await UsageKeeper.open({ store, usage, runtime: { traffic: () => traffic }, clock, log: silentLog })
    keeper.look()
    return { traffic, keeper }
  }
  const call = (traffic: SubaccountTraffic, path: string): void => {
    const decision = compileAccess([exposed]).decideHttp('erp.virtual', 80, path, false)
    assert.ok(typeof decision === 'object')
    const measurement = traffic.begin()
    measurement.reached(traffic.meterOf(decision.system, decision.resources), path, '')
    measurement.receivedBytes = 7
    measurement.end()
  }
  const stored = async (): Promise<object> =>
    Object.fromEntries(
      (await usage.loadUsage()).flatMap(({ resources }) => resources.map((row) => [row.resource, row.calls])),
    )

  try {
    const first = await start()
    call(first.traffic, '/a')
    call(first.traffic, '/b/1')
    assert.deepEqual(await stored(), {})
    clock.advance(60_000)
    while (Object.keys(await stored()).length === 0) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(await stored(), { '/a': 1, '/b': 1 })

    // Another process on the same database, which nobody had closed.
    const second = await start()
    call(second.traffic, '/a')
    assert.equal(second.traffic.systems.get('erp.virtual:80')?.usage.get('/a')?.read().bytesReceived, 14)
    assert.equal(second.traffic.usageSinceMs, first.traffic.usageSinceMs)
    current = configuration([{ ...exposed, resources: [resource('/b')] }])
    changed()
    await second.keeper.close()
    assert.deepEqual(await stored(), { '/b': 1 })

    const third = await start()
    current = { subaccounts: new Map() } as object as ConnectorConfiguration
    changed()
    await third.keeper.close()
    await third.keeper.save()
    assert.deepEqual(await stored(), {})
  } finally {
    await database.close()
  }
})
