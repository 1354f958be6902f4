import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { callWeb } from '../harness/http-client.ts'
import { Landscape } from '../harness/landscape.ts'

test('an agent that has just been paired has its tunnel and denies every request, for it exposes nothing (SCC-064)', async () => {
  const landscape = await Landscape.start()
  try {
    const agent = await landscape.startAgent(landscape.agentSettings({ mappings: [] }))
    for (const path of ['/', '/echo/x', '/echo/y?z']) {
      const outcome = await callWeb(landscape, path)
      assert.ok(outcome.kind === 'answer')
      assert.deepEqual([outcome.status, outcome.code], [403, 'NO_SYSTEM'])
      assert.match(outcome.body, /^Access denied to system web\.virtual:80: /)
    }
    const { connections } = await eventually('the tunnel is counted', async () => {
      const status = await agent.call<{ connections: number }>('status')
      return status.connections > 0 ? status : undefined
    })
    assert.equal(connections, 1)
  } finally {
    await landscape.close()
  }
})
