import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import type { Child } from '../harness/child.ts'
import { eventually, within } from '../harness/eventually.ts'
import { callWeb, isEcho } from '../harness/http-client.ts'
import { Landscape } from '../harness/landscape.ts'

let landscape: Landscape
let agent: Child<string>

before(async () => {
  landscape = await Landscape.start({ heartbeatMs: 500 })
  agent = await landscape.startAgent(landscape.agentSettings())
  assert.ok(isEcho(await callWeb(landscape, '/echo/x.'), 'x.'))
})
after(() => landscape?.close())

const held = async (): Promise<number> => (await landscape.backend.call<{ held: number }>('counts')).held

/** Waits for the service and says how long it took. */
async function servedAgain(what: string): Promise<void> {
  const startedAtMs = Date.now()
  await eventually(what, async () => isEcho(await callWeb(landscape, '/echo/back.'), 'back.'))
  console.log(`# ${what}: ${Date.now() - startedAtMs} ms`)
}

test('a frozen connector is noticed by its silence, its requests fail, and it is back once it runs again (OPS-081)', async () => {
  const waiting = callWeb(landscape, '/hold/x.')
  await eventually('the request waits', async () => (await held()) === 1)
  agent.signal('SIGSTOP')
  try {
    const outcome = await waiting
    assert.ok(outcome.kind === 'answer' && outcome.status === 502 && outcome.code === 'TUNNEL_LOST')
    await eventually('the cloud knows that nobody is connected', async () => {
      const next = await callWeb(landscape, '/echo/x.')
      assert.ok(next.kind === 'answer' && next.status === 503)
      return next.code === 'CONNECTOR_NOT_CONNECTED'
    })
  } finally {
    agent.signal('SIGCONT')
  }
  await servedAgain('service after the connector thawed')
})

test('a frozen cloud side is noticed by the connector, which is back once the cloud runs again (OPS-081)', async () => {
  landscape.cloud.signal('SIGSTOP')
  try {
    await eventually('the connector notices', async () => {
      return (await agent.call<{ state: string }>('status')).state === 'ConnectFailure'
    })
  } finally {
    landscape.cloud.signal('SIGCONT')
  }
  await servedAgain('service after the cloud side thawed')
})

test('a proxy that is asked to end finishes what is under way, takes nothing new, and leaves', async () => {
  const replica = await landscape.startReplica({ displayName: 'second' })
  const port = replica.ready.httpPort
  const waiting = Array.from({ length: 20 }, (_, i) => callWeb(landscape, `/hold/${i}.`, { port }))
  await eventually('all requests wait', async () => (await held()) === 20)
  replica.signal('SIGTERM')
  await eventually('new connections are refused', async () => {
    const socket = connect({ port, host: '127.0.0.1' })
    try {
      await once(socket, 'connect')
      return false
    } catch {
      return true
    } finally {
      socket.destroy()
    }
  })
  assert.ok(isEcho(await callWeb(landscape, '/echo/other.'), 'other.'))
  await landscape.backend.call('release')
  for (const [i, outcome] of (await Promise.all(waiting)).entries())
    assert.ok(isEcho(outcome, `${i}.`), JSON.stringify(outcome).slice(0, 300))
  assert.equal(await within('the proxy leaves', replica.exited), 0)
})
