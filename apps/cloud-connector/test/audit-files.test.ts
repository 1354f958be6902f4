import assert from 'node:assert/strict'
import { globSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AuditEntry, ConnectorSettings } from '@landbridge/connector'
import { type Clock, createLog, silentLog, systemClock } from '@landbridge/kernel'
import { ConnectorStore } from '@landbridge/store'
import { temporaryFolder } from '@landbridge/testkit'
import { auditFileOf, auditLine } from '../src/audit/audit-csv.ts'
import { cloudPassword, cloudUser, regionHost, startFakeRegion } from './fake-region.ts'
import {
  configuration,
  id,
  openConnectorStore,
  type RunningConnector,
  startConnector,
  subaccountPath,
} from './running-connector.ts'

// Files are named by the day: the clock goes ahead where midnight could come in between.
const aheadMs = Date.now() % 86_400_000 > 86_400_000 - 600_000 ? 600_000 : 0
const clock: Clock = { ...systemClock, now: () => Date.now() + aheadMs }
const today = new Date(clock.now()).toISOString().slice(0, 10)
const entry: AuditEntry = {
  ...{ sequence: 7, atMs: Date.UTC(2026, 10, 21, 23, 59), actor: 'bob', category: 'Account', action: 'update' },
  object: 'x',
}

async function describedAs(connector: RunningConnector, description: string): Promise<void> {
  const { status } = await connector.call('PUT', `${configuration}/connector`, { json: { description } })
  assert.equal(status, 200)
}

/** Numbers of the entries in a file, in its order. */
function numbersIn(file: string): number[] {
  const [head, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\r\n')
  assert.equal(head, 'Time,Number,User,Category,Action,Object,Subaccount,Details')
  return lines.map((line) => Number(/^"[^"]+","(\d+)"/.exec(line)?.[1]))
}

test('entries go to a file per subaccount and day, those of the connector to one of their own, closed to others (SCC-013, OPS-205)', async () => {
  using folder = temporaryFolder()
  await using region = { server: await startFakeRegion(), [Symbol.asyncDispose]: () => region.server.close() }
  const connector = await startConnector(folder.path, region.server, {}, silentLog, clock)
  const pairing = { regionHost, subaccount: id, cloudUser, cloudPassword }
  assert.equal((await connector.call('POST', `${configuration}/subaccounts`, { json: pairing })).status, 201)
  await connector.call('PUT', `${subaccountPath}/auditLogLevel`, { json: { auditLogLevel: 'All' } })
  const trail: AuditEntry[] = (await connector.call('GET', '/api/v1/landbridge/audit')).json
  // Closing writes what is still missing.
  await connector.close()
  const audit = join(folder.path, 'log/audit')
  assert.deepEqual(globSync('*/*', { cwd: audit }).sort(), [
    `${id}/audit-log_${id}_${today}.csv`,
    `cross-subaccount/audit-log_cross-subaccount_${today}.csv`,
  ])
  const own = trail.filter(({ subaccount }) => subaccount !== undefined).map(({ sequence }) => sequence)
  const others = trail.filter(({ subaccount }) => subaccount === undefined).map(({ sequence }) => sequence)
  assert.ok(own.length >= 2 && others.length >= 1)
  const file = join(audit, id, `audit-log_${id}_${today}.csv`)
  assert.deepEqual(numbersIn(file), own)
  assert.deepEqual(numbersIn(join(audit, 'cross-subaccount', `audit-log_cross-subaccount_${today}.csv`)), others)
  assert.match(readFileSync(file, 'utf8'), /"Administrator","AuditLogLevel","update",.*"\{""auditLevel"":""All""\}"/)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(statSync(join(audit, id)).mode & 0o777, 0o700)
})

test('a full disk stops no change and is told once; what was missed is written later, after a restart too, and nothing twice (SCC-013)', async () => {
  using folder = temporaryFolder()
  const events: string[] = []
  const log = createLog((_level, event) => void (event.startsWith('audit') && events.push(event)))
  const shared = join(folder.path, 'log/audit/cross-subaccount')
  const file = join(shared, `audit-log_cross-subaccount_${today}.csv`)
  mkdirSync(shared, { recursive: true })
  symlinkSync('/dev/full', file)
  const first = await startConnector(folder.path, undefined, {}, log, clock)
  for (const description of ['one', 'two', 'three']) await describedAs(first, description)
  const missed: AuditEntry[] = (await first.call('GET', '/api/v1/landbridge/audit')).json
  await first.close()
  assert.deepEqual(events, ['audit-files.failed'])
  rmSync(file)

  const second = await startConnector(folder.path, undefined, {}, log, clock)
  await describedAs(second, 'four')
  const all: AuditEntry[] = (await second.call('GET', '/api/v1/landbridge/audit')).json
  await second.close()
  assert.ok(all.length > missed.length && missed.length >= 4)
  assert.deepEqual(
    numbersIn(file),
    all.map(({ sequence }) => sequence),
  )
  // As a shadow takes over from its master.
  const store = await openConnectorStore(folder.path)
  const opened = await ConnectorStore.open(store, {} as ConnectorSettings)
  await opened.adopt('master', (current) => ({
    next: { ...current, settings: { ...current.settings, installationId: 'of the master' } },
  }))
  await store.close()
  const third = await startConnector(folder.path, undefined, {}, silentLog, clock)
  await describedAs(third, 'five')
  await third.close()
  assert.deepEqual(
    numbersIn(file),
    [...all, { sequence: all.length + 1 }].map(({ sequence }) => sequence),
  )
})

test('no name of a subaccount leads to another folder, and no field becomes a formula or another line (SCC-013)', () => {
  for (const [subaccount, expected] of [
    ['../../etc@x', '__.._etc'],
    ['..', '_'],
    ['a/b\\c\0d', 'a_b_c_d'],
    ['cross-subaccount@x', 'cross-subaccount_'],
    ['', '_'],
    ['x'.repeat(500), 'x'.repeat(100)],
  ] as const) {
    const name = `${expected}/audit-log_${expected}_2026-11-21.csv`
    assert.equal(auditFileOf({ ...entry, subaccount }), name)
  }
  assert.equal(auditFileOf(entry), 'cross-subaccount/audit-log_cross-subaccount_2026-11-21.csv')
  assert.equal(
    auditLine({ ...entry, actor: '=1+1', object: 'a"b\r\nc', subaccount: '@x', details: { count: 2 } }),
    '"2026-11-21T23:59:00.000Z","7","\'=1+1","Account","update","a""b\r\nc","\'@x","{""count"":2}"\r\n',
  )
})
