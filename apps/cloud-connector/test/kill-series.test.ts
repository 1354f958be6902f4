import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { ChangeSeries, type Place } from './change-series.ts'
import { cloudPassword, cloudUser, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, startConnector } from './running-connector.ts'

/** Connectors in one process: one kill falls on another moment in the series of each. */
const connectors = 10
const kills = 10

/** Connectors that are paired with a region, one in each folder. */
async function pair(folders: readonly string[]): Promise<void> {
  const region = await startFakeRegion()
  try {
    for (const folder of folders) {
      const connector = await startConnector(folder, region)
      const json = { regionHost, subaccount: id, cloudUser, cloudPassword }
      assert.equal((await connector.call('POST', `${configuration}/subaccounts`, { json })).status, 201)
      await connector.close()
    }
  } finally {
    await region.close()
  }
}

async function start(folders: readonly string[]): Promise<{ child: ChildProcess; places: readonly Place[] }> {
  const script = join(import.meta.dirname, 'killed-connectors.ts')
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...folders], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const agent = new Agent({ keepAlive: true })
    return { child, places: JSON.parse(line).map((place: Omit<Place, 'agent'>) => ({ ...place, agent })) }
  }
  throw new Error('the connectors did not start')
}

test('kill -9 at 100 points in series of changes of all kinds loses nothing that was acknowledged and leaves nothing half done (API1-282, API2-027)', async (t) => {
  using folder = temporaryFolder()
  const folders = Array.from({ length: connectors }, (_, index) => join(folder.path, `connector-${index}`))
  await pair(folders)
  const series = folders.map((path) => new ChangeSeries(path))
  const problems: string[] = []
  let running = await start(folders)
  for (let kill = 0; kill < kills; kill++) {
    const { child, places } = running
    const gone = once(child, 'exit')
    // Between two and eighty acknowledgements, and then some part of a millisecond or two later.
    const wanted = 2 + Math.floor(Math.random() * 79)
    let count = 0
    await Promise.all(
      series.map((one, index) =>
        one.changeUntilGone(places[index]!, () => {
          if (++count === wanted) setTimeout(() => child.kill('SIGKILL'), Math.random() * 3)
        }),
      ),
    )
    await gone
    running = await start(folders)
    const found = await Promise.all(series.map((one, index) => one.settle(running.places[index]!)))
    problems.push(...found.filter((problem) => problem !== undefined))
    assert.deepEqual(problems, [])
  }
  const exit = once(running.child, 'exit')
  running.child.kill('SIGKILL')
  await exit
  t.diagnostic(`${connectors * kills} points in ${series.reduce((sum, { step }) => sum + step, 0)} changes`)
})
