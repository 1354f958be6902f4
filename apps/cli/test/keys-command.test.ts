import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { subaccountLevel } from '@landbridge/destinations'
import { isPlatformError, keyIdOf, silentLog, systemClock } from '@landbridge/kernel'
import { type DestinationTables, openStore, SqlDestinationStore } from '@landbridge/store'
import { newDatabase, queryDatabase, runChild, runCommand, temporaryFolder } from '@landbridge/testkit'
import { seed } from '@landbridge/testkit/properties'
import { cloudMigrations, openCloudStores } from '../src/compose/open-store.ts'
import { openAuthority, openSealer } from '../src/compose/platform-keys.ts'
import { rotate } from '../src/keys/change-key.ts'
import type { SealedPart } from '../src/keys/sealed-part.ts'
import { openDataDirectory } from '../src/state/data-directory.ts'
import { rememberDatabase } from '../src/state/database-place.ts'
import { lockDirectory } from '../src/state/lock.ts'

const level = subaccountLevel({ subaccountId: 'plant' })
const names = Array.from({ length: 120 }, (_, n) => `d${n}`)

/** A data directory of the cloud side with an authority and destinations. */
async function fill(data: string, url = `sqlite:${join(data, 'cloud.db')}`): Promise<SealedPart> {
  openDataDirectory(data, '0.1.0')
  rememberDatabase(data, url)
  const sealer = openSealer(data)
  await openAuthority(data, sealer, systemClock)
  const stores = await openCloudStores(url, sealer, systemClock, silentLog)
  const store = new SqlDestinationStore(stores.destinations)
  for (const name of names) await store.create(level, { Name: name, Type: 'HTTP', Password: `secret of ${name}` })
  await stores.close()
  const keyFile = join(data, 'sealing.key')
  const part = { name: 'cloud', dataDirectory: data, storeUrl: url, setting: '', keyFile } as const
  return { ...part, isDatabaseUnclear: false, configuredKeys: [] }
}

/** What a start of the cloud side would need to open. */
async function assertEverythingOpens(data: string, url = `sqlite:${join(data, 'cloud.db')}`): Promise<void> {
  const sealer = openSealer(data)
  await openAuthority(data, sealer, systemClock)
  const options = { url, sealer, clock: systemClock, log: silentLog, migrations: cloudMigrations, leaveSchema: true }
  const store = await openStore<DestinationTables>(options)
  const all = await new SqlDestinationStore(store).list(level)
  await store.close()
  assert.deepEqual(
    all.map(({ properties }) => properties.Password).toSorted(),
    names.map((n) => `secret of ${n}`).toSorted(),
  )
}

const keysIn = (file: string) => readFileSync(file, 'utf8').trim().split('\n')
const idsIn = (file: string) => keysIn(file).map((line) => keyIdOf(Buffer.from(line, 'base64')))

test('a rotation makes a new key, seals everything again, drops the former key and shows no key', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  const { keyFile = '' } = await fill(data)
  writeFileSync(`${keyFile}.1.new`, 'left behind by a process that was killed')
  const [before = ''] = keysIn(keyFile)
  const [beforeId = ''] = idsIn(keyFile)
  const seen: string[] = []
  const keys = async (...args: string[]) => {
    const { status, stdout, stderr } = await runCommand(['keys', ...args, '--data', data, '--json'])
    seen.push(stdout, stderr)
    return { status, stderr, part: stdout === '' ? undefined : JSON.parse(stdout).parts[0] }
  }
  assert.deepEqual((await keys('list')).part.keys, [{ id: beforeId, use: 'seals', values: names.length + 1 }])

  const lock = lockDirectory(data)
  const inUse = await keys('rotate')
  assert.equal(inUse.status, 1)
  assert.match(inUse.stderr, /CLI_DATA_IN_USE/)
  assert.deepEqual(keysIn(keyFile), [before])
  lock.release()

  const { status, part } = await keys('rotate')
  const [after = ''] = keysIn(keyFile)
  assert.equal(status, 0)
  assert.deepEqual(idsIn(keyFile), [part.key])
  assert.deepEqual([part.dropped, part.former, part.resealed, part.left], [[beforeId], [], names.length + 1, 0])
  assert.notEqual(part.key, beforeId)
  assert.equal(statSync(keyFile).mode & 0o777, 0o600)
  assert.deepEqual(
    readdirSync(data).filter((name) => name.endsWith('.new') || name === 'lock'),
    [],
  )
  await assertEverythingOpens(data)

  const kept = await keys('rotate', '--keep-former')
  assert.deepEqual(idsIn(keyFile), [kept.part.key, part.key])
  assert.equal((await keys('reseal')).part.resealed, 0)
  const listed = (await keys('list')).part.keys
  assert.deepEqual(
    listed.map((key: { use: string; values: number }) => [key.use, key.values]),
    [
      ['seals', names.length + 1],
      ['opens', 0],
    ],
  )
  for (const key of [before, after, ...keysIn(keyFile)]) assert.ok(!seen.join().includes(key.replace(/=+$/, '')))
})

test('killed at any step, a rotation leaves files that open everything, and the next one ends it', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  const part = await fill(data)
  const script = join(import.meta.dirname, 'rotate-and-die.ts')
  const run = (steps: number) =>
    runChild(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(part), String(steps)])
  const total = names.length + 1
  // The new key is on the disk (1), the authority is sealed again (2), the first rows are (3), the former key is gone (5).
  const any = 1 + (seed % 4)
  for (const steps of [any, 3, 5]) {
    const { status, stderr } = await run(steps)
    assert.equal(status, null, `${steps}: ${stderr}`)
    await assertEverythingOpens(data)
  }
  assert.equal(keysIn(part.keyFile ?? '').length, 1)
  const { resealed, left } = await rotate(part, false, () => {})
  assert.deepEqual([resealed, left], [total, 0])
  await assertEverythingOpens(data)
})

test('a key is not changed where its database cannot be known, where it is configured, or where a value would be lost', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  const { keyFile = '' } = await fill(data)
  const keys = async (...args: string[]) => {
    const { status, stderr } = await runCommand(['keys', ...args, '--data', data, '--json'])
    return { status, stderr }
  }
  rememberDatabase(data, 'postgres://elsewhere')
  assert.match((await keys('rotate')).stderr, /CLI_KEY_DATABASE_ELSEWHERE/)
  // A configuration that is not the one of the process says something else.
  assert.match((await keys('rotate', 'cloud')).stderr, /CLI_KEY_DATABASE_ELSEWHERE/)
  // As an older version leaves it, which says nothing: the database may be one that was used before another one.
  rmSync(join(data, 'database-elsewhere'))
  const [untouched = ''] = keysIn(keyFile)
  assert.match((await keys('rotate')).stderr, /CLI_KEY_DATABASE_UNCLEAR[\s\S]*--config[\s\S]*--keep-former/)
  assert.deepEqual(keysIn(keyFile), [untouched])
  assert.equal((await keys('rotate', '--keep-former')).status, 0)
  assert.deepEqual(keysIn(keyFile).slice(1), [untouched])
  assert.equal((await keys('rotate', 'cloud')).status, 0)
  assert.equal(keysIn(keyFile).length, 1)
  rememberDatabase(data, `sqlite:${join(data, 'cloud.db')}`)
  const configured = { LANDBRIDGE_STORE_SEALING_KEY: randomBytes(32).toString('base64') }
  const refused = await runCommand(['keys', 'rotate', 'cloud', '--data', data], { env: configured })
  assert.match(refused.stderr, /CLI_KEY_CONFIGURED[\s\S]*setting: store\.sealingKey[\s\S]*keys reseal/)
  assert.match((await keys('list', 'connector')).stderr, /CLI_FILE_UNUSABLE.*connector\.key/)
  const old = keysIn(keyFile)
  writeFileSync(keyFile, `${old[0]}\ngarbage\n`)
  const { stderr } = await keys('rotate')
  assert.match(stderr, /CLI_KEY_INVALID.*key 2 of 2/)
  assert.doesNotMatch(stderr, /garbage/)

  // Sealed with a key that is nowhere: it stays, and so does every key.
  writeFileSync(keyFile, `${randomBytes(32).toString('base64')}\n`)
  const { status, stdout } = await runCommand(['keys', 'rotate', '--data', data])
  assert.equal(status, 1)
  assert.match(
    stdout,
    /121 values still need another key[\s\S]*no key here opens .*ca\.key\.sealed[\s\S]*destination\.properties of /,
  )
  assert.equal(keysIn(keyFile).length, 2)
  writeFileSync(keyFile, `${keysIn(keyFile).join('\n')}\n${old[0]}\n`)
  assert.equal((await keys('reseal')).status, 0)
  await assertEverythingOpens(data)
})

test('one source gives the keys: two are refused, and those of a command are not changed by a rotation', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  const keys = [randomBytes(32), randomBytes(32)]
  const printed = keys.map((key) => key.toString('base64'))
  const [newest = '', former = ''] = printed
  const script = join(folder.path, 'keys')
  writeFileSync(script, `#!/bin/sh\necho ${newest}\necho ${former}\n`, { mode: 0o700 })
  const command = ['--set', `store.sealingKeyCommand=${JSON.stringify([script])}`, '--data', data]
  const listed = await runCommand(['keys', 'list', 'cloud', ...command, '--json'])
  assert.equal(listed.status, 0, listed.stderr)
  const [part] = JSON.parse(listed.stdout).parts
  assert.equal(part.source, 'store.sealingKeyCommand')
  assert.deepEqual(
    part.keys.map(({ id }: { id: string }) => id),
    keys.map(keyIdOf),
  )
  const rotated = await runCommand(['keys', 'rotate', 'cloud', ...command])
  assert.match(rotated.stderr, /CLI_KEY_CONFIGURED[\s\S]*setting: store\.sealingKeyCommand/)
  const env = { LANDBRIDGE_STORE_SEALING_KEY: newest, LANDBRIDGE_DATA_DIRECTORY: data }
  const both = await runCommand(['cloud', ...command.slice(0, 2)], { env })
  assert.match(both.stderr, /CONFIG_INVALID[\s\S]*store\.sealingKey: expected one source.*store\.sealingKeyCommand/)
  const relative = ['--set', 'sealingKeyCommand=bin/keys,--all', '--set', `dataDirectory=${data}-2`]
  const { stderr } = await runCommand(['connector', ...relative])
  assert.match(stderr, /CONFIG_INVALID[\s\S]*sealingKeyCommand: expected a program by its absolute path.*"bin\/keys"/)
  const none = await runCommand(['cloud', '--set', 'store.sealingKeyCommand=[]'])
  assert.match(none.stderr, /CONFIG_INVALID[\s\S]*store\.sealingKeyCommand: expected a list.*at least 1/)
  for (const { stdout, stderr } of [listed, rotated, both])
    for (const key of printed) assert.ok(!(stdout + stderr).includes(key.slice(0, 20)))
})

const postgres = await newDatabase()
after(async () => {
  if ('url' in postgres) await postgres.stop()
})

test('with keys of the configuration, a PostgreSQL database is sealed again beside running replicas, and rotation waits until they are gone', {
  skip: 'unavailable' in postgres ? postgres.unavailable : false,
}, async () => {
  const { url } = postgres as Exclude<typeof postgres, { unavailable: string }>
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  const part = await fill(data, url)
  const { keyFile = '' } = part
  const [old = ''] = keysIn(keyFile)
  const next = randomBytes(32).toString('base64')
  const configured = {
    LANDBRIDGE_DATA_DIRECTORY: data,
    LANDBRIDGE_STORE_POSTGRES_URL: url,
    LANDBRIDGE_STORE_SEALING_KEY: next,
    LANDBRIDGE_STORE_FORMER_SEALING_KEYS: old,
  }
  let replica = await openCloudStores(url, openSealer(data), systemClock, silentLog)
  await replica.registry.db.selectFrom('subaccount').select('id').execute()
  await assert.rejects(
    rotate(part, false, () => {}),
    (thrown) => isPlatformError(thrown, 'CLI_KEY_DATABASE_IN_USE'),
  )
  assert.deepEqual(keysIn(keyFile), [old])
  const role = `other_${randomBytes(4).toString('hex')}`
  await queryDatabase(url, `CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'other'`)
  const asOther = Object.assign(new URL(url), { username: role, password: 'other' }).href
  await replica.close()
  const ofOther = await openCloudStores(asOther, openSealer(data), systemClock, silentLog)
  await assert.rejects(
    rotate(part, false, () => {}),
    (thrown) => isPlatformError(thrown, 'CLI_KEY_DATABASE_IN_USE') && thrown.facts.connections === 1,
  )
  await ofOther.close()
  await queryDatabase(url, `DROP ROLE ${role}`)
  replica = await openCloudStores(url, openSealer(data), systemClock, silentLog)
  const lock = lockDirectory(data)
  const { status, stdout, stderr } = await runCommand(['keys', 'reseal', 'cloud', '--json'], { env: configured })
  lock.release()
  assert.equal(status, 0, stderr)
  assert.equal(JSON.parse(stdout).parts[0].resealed, names.length + 1)
  await replica.close()
  writeFileSync(keyFile, next)
  await assertEverythingOpens(data, url)
  const key = keyIdOf(Buffer.from(next, 'base64'))
  const [{ count }] = (await queryDatabase(
    url,
    `SELECT count(*) FROM destination WHERE properties LIKE 'v2.${key}.%'`,
  )) as [{ count: string }]
  assert.equal(Number(count), names.length)
  // A process with a copy of the key that starts in between would seal with what is about to be dropped.
  const copied = openSealer(data)
  let refused = 0
  const startMeanwhile = async (): Promise<void> => {
    if (refused > 0) return
    refused += 1
    await assert.rejects(openCloudStores(url, copied, systemClock, silentLog), (thrown) =>
      isPlatformError(thrown, 'STORE_KEYS_CHANGING'),
    )
  }
  const rotated = await rotate(part, false, startMeanwhile)
  assert.deepEqual([rotated.left, rotated.former, refused], [0, [], 1])
  assert.ok(existsSync(keyFile))
  await assertEverythingOpens(data, url)
})
