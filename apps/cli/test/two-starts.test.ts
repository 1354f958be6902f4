import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort, temporaryFolder } from '@landbridge/testkit'
import { Started, startUp } from './started.ts'

const names = [
  'token',
  'destination',
  'connectivity',
  'proxy',
  'socks',
  'rfc',
  'tunnel',
  'connector',
  'backend-http',
  'backend-tcp',
]

/** One platform that runs, and what the other start failed with. */
async function oneOf(starts: readonly Promise<Started>[]): Promise<{ winner: Started; reason: string }> {
  const results = await Promise.allSettled(starts)
  const running = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []))
  const [winner] = running
  if (winner === undefined || running.length > 1) {
    for (const started of running) await started.stop('SIGKILL')
    assert.fail(`${running.length} of ${results.length} run; ${reasons.join('\n')}`)
  }
  return { winner, reason: reasons[0] ?? '' }
}

test('of two starts at once on a new data directory one runs, and the other names it and leaves its data alone', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  const { winner, reason } = await oneOf([startUp(data), startUp(data)])
  await using up = winner
  assert.match(reason, /CLI_DATA_IN_USE/)
  assert.ok(existsSync(join(data, 'lock')) && existsSync(join(data, 'state.json')))
  assert.equal(await up.stop(), 0)
})

test('of two starts at once on the same ports one runs, and the other names the port and its option', async () => {
  using folder = temporaryFolder()
  const ports: string[] = []
  for (const name of names) ports.push(`--port-${name}`, String(await freePort()))
  const start = (name: string) => Started.start(['up', '--data', join(folder.path, name), ...ports])
  const { winner, reason } = await oneOf([start('one'), start('two')])
  await using _up = winner
  assert.match(reason, /"code":"PORT_IN_USE".*"port":\d+,"setting":"--port-[a-z-]+"/)
})
