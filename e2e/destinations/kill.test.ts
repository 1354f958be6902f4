import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newDatabase, temporaryFolder } from '@landbridge/testkit'
import { Cloud, type CloudProcess } from './cloud.ts'
import { collections, Writer } from './writers.ts'

/** Acknowledged writes after which the process is killed; odd numbers, so that kills meet requests of every kind. */
const kills = [41, 67, 103]

/** Two writers for every collection, so that transactions of all kinds are open when the process dies. */
async function writeAndKill(cloud: CloudProcess, token: string, round: number): Promise<readonly Writer[]> {
  const writers = collections.flatMap((collection, index) =>
    ['a', 'b'].map((name) => new Writer(collection, token, `${name}${index}r${round}`)),
  )
  let total = 0
  let killed: Promise<void> | undefined
  const acknowledged = (): void => {
    total += 1
    if (total >= kills[round]!) killed ??= cloud.command.kill()
  }
  await Promise.all(writers.map((writer) => writer.writeUntilGone(cloud, acknowledged)))
  await killed
  assert.ok(total >= kills[round]!, `only ${total} writes were acknowledged`)
  return writers
}

async function assertWhole(cloud: CloudProcess, writers: readonly Writer[]): Promise<void> {
  for (const writer of writers) assert.deepEqual(await writer.problems(cloud), [])
}

test('SQLite: kill -9 during single and bulk writes loses nothing that was acknowledged, and a restart finds nothing half done', async () => {
  using folder = temporaryFolder()
  await using cloud = await Cloud.create(folder.path, `sqlite:${folder.path}/cloud.db`)
  let process = await cloud.start('only')
  const token = await cloud.token(process)
  const all: Writer[] = []
  for (const round of kills.keys()) {
    all.push(...(await writeAndKill(process, token, round)))
    process = await cloud.start('only')
    // What earlier rounds left is still as it was.
    await assertWhole(process, all)
  }
})

// Not in the test: a run that leaves the test out by its name must end all the same.
const postgres = await newDatabase()
after(async () => {
  if ('url' in postgres) await postgres.stop()
})
const skip = 'unavailable' in postgres ? postgres.unavailable : false

test('PostgreSQL: kill -9 of a replica during single and bulk writes loses nothing that was acknowledged, and the other replica shows nothing half done', {
  skip,
}, async () => {
  assert.ok('url' in postgres)
  using folder = temporaryFolder()
  await using cloud = await Cloud.create(folder.path, postgres.url)
  const survivor = await cloud.start('survivor')
  const token = await cloud.token(survivor)
  const all: Writer[] = []
  for (const round of kills.keys()) {
    all.push(...(await writeAndKill(await cloud.start(`victim-${round}`), token, round)))
    await assertWhole(survivor, all)
    // Nothing that the dead one held keeps the other from writing.
    const next = { Name: `after-${round}`, Type: 'HTTP', URL: 'http://after.test' }
    assert.equal((await survivor.destinations(token, 'POST', '/subaccountDestinations', next)).status, 201)
  }
})
