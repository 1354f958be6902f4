import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { cloudPassword, cloudUser, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, startConnector, subaccountPath } from './running-connector.ts'

const rounds = 15

test('every acknowledged change survives kill -9 at any moment, and the audit trail stays whole (API1-282, API2-027)', async () => {
  using folder = temporaryFolder()
  const region = await startFakeRegion()
  const first = await startConnector(folder.path, region)
  const json = { regionHost, subaccount: id, cloudUser, cloudPassword }
  assert.equal((await first.call('POST', `${configuration}/subaccounts`, { json })).status, 201)
  await first.close()
  const acknowledged = new Set<number>()
  let attempted = 0
  for (let round = 0; round < rounds; round++) {
    // A different number of acknowledged changes each time, so that the kill falls on different moments.
    const last = await writeAndKill(folder.path, attempted, 1 + ((round * 7) % 13), acknowledged)
    attempted = last + 2
  }
  const again = await startConnector(folder.path, region)
  const mappings = (await again.call('GET', `${subaccountPath}/systemMappings`)).json as { virtualHost: string }[]
  const found = new Set(mappings.map(({ virtualHost }) => Number(virtualHost.slice(1))))
  assert.deepEqual(
    [...acknowledged].filter((n) => !found.has(n)),
    [],
  )
  // At most the one change of each round that was on its way is there without its acknowledgement.
  assert.ok(found.size - acknowledged.size <= rounds)
  const verification = await again.call('GET', '/api/v1/landbridge/audit/verification')
  assert.deepEqual(verification.json, { intact: true })
  await again.close()
  await region.close()
})

/** Lets a process write until `changes` are acknowledged, kills it, and returns the last number it may have written. */
async function writeAndKill(
  folder: string,
  start: number,
  changes: number,
  acknowledged: Set<number>,
): Promise<number> {
  const script = new URL('./crash-writer.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, folder, String(start)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let last = start - 1
  let count = 0
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready') continue
    last = Number(line)
    acknowledged.add(last)
    if (++count === changes) child.kill('SIGKILL')
  }
  await exited
  assert.ok(count >= changes, 'the writer ended by itself')
  return last
}
