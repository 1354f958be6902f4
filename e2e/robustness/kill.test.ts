import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { callWeb, isEcho, Load, type LoadResult } from '../harness/http-client.ts'
import { Landscape } from '../harness/landscape.ts'
import type { AgentSettings } from '../processes/settings.ts'

let landscape: Landscape
let agent: Child<string>
let settings: AgentSettings

before(async () => {
  landscape = await Landscape.start()
  settings = landscape.agentSettings()
  agent = await landscape.startAgent(settings)
})
after(() => landscape?.close())

/** Requests the backend without load until it answers, and says how long that took. */
async function serviceIsBack(what: string): Promise<void> {
  const startedAtMs = Date.now()
  await eventually(`${what} is served again`, async () => isEcho(await callWeb(landscape, '/echo/back.'), 'back.'))
  console.log(`# ${what}: served again ${Date.now() - startedAtMs} ms after the peer was back`)
}

/** Runs load, lets `fault` happen in the middle of it, and stops the load when the service is back. */
async function underLoad(what: string, fault: () => Promise<void>): Promise<LoadResult> {
  const load = new Load(landscape)
  try {
    await eventually('requests are served', () => load.result.good > 200)
    await fault()
    await serviceIsBack(what)
    const before = load.result.good
    await eventually('the load is served again', () => load.result.good > before + 200)
  } finally {
    // Also when it failed: a load that goes on keeps the process of the tests busy for ever.
    await load.stop()
  }
  const { result } = load
  assert.deepEqual(result.wrong, [])
  console.log(`# ${what}: ${result.good} answered, ${result.refused} failed cleanly`)
  return result
}

test('a killed connector costs requests a clean error, and its successor serves the next ones (SCC-086, OPS-084, CP-070)', async () => {
  const result = await underLoad('connector killed', async () => {
    await agent.kill()
    await eventually('requests fail', async () => {
      const outcome = await callWeb(landscape, '/echo/gone.')
      return outcome.kind === 'answer' && outcome.status === 503 && outcome.code === 'CONNECTOR_NOT_CONNECTED'
    })
    agent = await landscape.startAgent(settings, false)
  })
  assert.ok(result.refused > 0)
})

test('a killed cloud side costs requests a closed connection, and the connector comes back by itself (SCC-086, OPS-084, RFC-173)', async () => {
  const result = await underLoad('cloud side killed', async () => {
    await landscape.cloud.kill()
    await landscape.startCloud()
  })
  assert.ok(result.refused > 0)
})

test('after an outage of several seconds the connector is back at its next attempt (OPS-084)', async () => {
  await landscape.cloud.kill()
  const killedAtMs = Date.now()
  // Long enough for an exponential backoff to have grown.
  await eventually('the connector has tried in vain for a while', () => Date.now() - killedAtMs > 6_000)
  await landscape.startCloud()
  await serviceIsBack('outage of 6 s')
})

test('with both sides killed, requests fail at once until the connector is back, and are served then (SCC-086, OPS-084)', async () => {
  await Promise.all([agent.kill(), landscape.cloud.kill()])
  await landscape.startCloud()
  // The session that the dead process has left behind is over: nobody waits for a tunnel from it.
  const outcome = await callWeb(landscape, '/echo/gone.')
  assert.deepEqual([outcome.kind, 'code' in outcome && outcome.code], ['answer', 'CONNECTOR_NOT_CONNECTED'])
  agent = await landscape.startAgent(settings, false)
  await serviceIsBack('both sides killed')
})

test('a killed backend costs requests a clean error, and the restarted one serves the next ones', async () => {
  const result = await underLoad('backend killed', async () => {
    const ports = landscape.backend.ready
    await landscape.backend.kill()
    const outcome = await eventually('requests fail', async () => {
      const outcome = await callWeb(landscape, '/echo/gone.')
      return outcome.kind === 'answer' && outcome.status === 502 && outcome
    })
    assert.match(outcome.body, /cannot open a connection to the internal system: web\.virtual:80/)
    await landscape.startBackend(ports)
  })
  assert.ok(result.refused > 0)
})

for (const victim of ['connector', 'cloud', 'backend'] as const)
  test(`requests that wait for an answer fail at once when the ${victim} dies (CP-070)`, async () => {
    const waiting = Array.from({ length: 50 }, (_, i) => callWeb(landscape, `/hold/${i}.`))
    await eventually('all requests wait', async () => (await landscape.backend.call<Counts>('counts')).held === 50)
    const ports = landscape.backend.ready
    const startedAtMs = Date.now()
    await { connector: agent, cloud: landscape.cloud, backend: landscape.backend }[victim].kill()
    for (const outcome of await Promise.all(waiting))
      if (victim === 'cloud') assert.equal(outcome.kind, 'broken')
      else {
        assert.ok(outcome.kind === 'answer', outcome.kind)
        assert.equal(outcome.status, 502)
        // A GET on a connection that had served before is tried once more, and finds nobody.
        assert.match(outcome.code, victim === 'backend' ? /^BACKEND_(CLOSED|UNREACHABLE)$/ : /^TUNNEL_LOST$/)
      }
    console.log(`# ${victim} killed: all waiting requests failed within ${Date.now() - startedAtMs} ms`)
    if (victim === 'connector') agent = await landscape.startAgent(settings)
    if (victim === 'cloud') await landscape.startCloud()
    if (victim === 'backend') await landscape.startBackend(ports)
    await serviceIsBack(`${victim} killed with waiting requests`)
    if (victim !== 'backend')
      await eventually('the backend is rid of the requests', async () => {
        return (await landscape.backend.call<Counts>('counts')).held === 0
      })
  })

interface Counts {
  readonly held: number
}
