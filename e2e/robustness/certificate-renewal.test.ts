import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { callWeb, isEcho, type Outcome } from '../harness/http-client.ts'
import { Landscape } from '../harness/landscape.ts'
import { converse, openEcho } from '../harness/socks-client.ts'

let landscape: Landscape
let agent: Child<string>

before(async () => {
  landscape = await Landscape.start()
  agent = await landscape.startAgent(landscape.agentSettings())
})
after(() => landscape?.close())

/** Sends requests, sixteen at a time, until it is told to end. @returns how many succeeded, and what did not */
function startLoad(): { sent(): number; end(): Promise<readonly Outcome[]> } {
  const failed: Outcome[] = []
  const token = landscape.token()
  let sent = 0
  let isOver = false
  const worker = async (): Promise<void> => {
    while (!isOver) {
      const text = `request-${sent++}`
      const outcome = await callWeb(landscape, `/echo/${text}`, { token })
      if (!isEcho(outcome, text)) failed.push(outcome)
    }
  }
  const workers = Array.from({ length: 16 }, worker)
  return {
    sent: () => sent,
    async end() {
      isOver = true
      await Promise.all(workers)
      return failed
    },
  }
}

test('a tunnel certificate is renewed five times under load: no request fails, and open streams go on (CERT-012)', async () => {
  const load = startLoad()
  await eventually('the load has begun', () => load.sent() > 100)
  const echo = await openEcho(landscape, landscape.token())
  const held = callWeb(landscape, '/hold/long', { deadlineMs: 60_000 })
  let before = await landscape.cloud.call<readonly string[]>('sessions')
  for (let i = 0; i < 5; i++) {
    const fingerprint = await agent.call<string>('renew')
    await eventually('the new certificate has the session', async () => {
      const sessions = await landscape.cloud.call<readonly string[]>('sessions')
      return sessions.length === 1 && sessions[0] === fingerprint
    })
    assert.notDeepEqual(before, [fingerprint])
    before = [fingerprint]
    const sent = load.sent()
    await eventually('the load goes on', () => load.sent() > sent + 100)
    await converse(echo, Buffer.from(`still ${i}`), 7, [...Buffer.from(`still ${i}`)])
  }
  await landscape.backend.call('release')
  assert.ok(isEcho(await held, 'long'))
  echo.destroy()
  assert.deepEqual(await load.end(), [])
  await eventually('only tunnels of the last certificate are left', async () => {
    return (await landscape.cloud.call<number>('tunnels')) === 1
  })
})

test('an agent that starts again connects with the certificate that it renewed (CERT-012)', async () => {
  const fingerprint = await agent.call<string>('renew')
  await agent.kill()
  const { stateFile, ...rest } = landscape.agentSettings()
  // The state file of the first agent: numbers go up with each settings object.
  agent = await landscape.startAgent({ ...rest, stateFile: stateFile.replace(/agent-\d+/, 'agent-1') })
  await eventually('the session stands on it', async () =>
    (await landscape.cloud.call<readonly string[]>('sessions')).includes(fingerprint),
  )
})
