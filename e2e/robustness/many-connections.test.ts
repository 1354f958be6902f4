import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { after, before, test } from 'node:test'
import type { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { callWeb, isEcho } from '../harness/http-client.ts'
import { Landscape } from '../harness/landscape.ts'
import { converse, openEcho } from '../harness/socks-client.ts'

const wantedConnections = 10_000
const wantedRequests = 5_000
let landscape: Landscape
let agent: Child<string>

before(async () => {
  landscape = await Landscape.start()
  agent = await landscape.startAgent(landscape.agentSettings())
})
after(() => landscape?.close())

/** Node raises the soft limit to the hard one at start, so that is what counts. */
function openFileLimit(): number {
  try {
    const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** Runs `act` for 0 … count-1, 128 at a time. */
async function eachInParallel(count: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await act(next++)
  }
  await Promise.all(Array.from({ length: 128 }, worker))
}

async function megabytes(): Promise<string> {
  const all = await Promise.all([landscape.cloud, agent].map((child) => child.call<number>('memory')))
  return all.map((bytes) => (bytes / 1024 / 1024).toFixed(0)).join(' and ')
}

test('10,000 TCP connections share one tunnel, and each carries its own bytes (SCC-266)', async (context) => {
  if (openFileLimit() < wantedConnections + 1_000)
    return context.skip(`only ${openFileLimit()} files may be open (ulimit -n)`)
  const token = landscape.token()
  const open: Socket[] = []
  const startedAtMs = Date.now()
  try {
    await eachInParallel(wantedConnections, async () => void open.push(await openEcho(landscape, token)))
    console.log(
      `# ${open.length} connections in ${Date.now() - startedAtMs} ms; cloud and agent: ${await megabytes()} MiB`,
    )
    assert.equal(await landscape.cloud.call<number>('tunnels'), 1)
    await eachInParallel(open.length, async (index) => {
      const question = Buffer.from(`connection ${index}`)
      await converse(open[index]!, question, question.length, [...question])
    })
  } finally {
    for (const socket of open) socket.destroy()
  }
  await eventually('all backend connections are closed', async () => {
    return (await landscape.backend.call<{ connections: number }>('counts')).connections === 0
  })
})

test('5,000 requests wait for a slow backend at the same time, and each gets its own answer (SCC-266)', async (context) => {
  if (openFileLimit() < wantedRequests + 1_000)
    return context.skip(`only ${openFileLimit()} files may be open (ulimit -n)`)
  const token = landscape.token()
  const outcomes = Array.from({ length: wantedRequests }, (_, i) =>
    callWeb(landscape, `/hold/${i}.`, { token, deadlineMs: 100_000 }),
  )
  await eventually(
    'all requests have arrived',
    async () => {
      return (await landscape.backend.call<{ held: number }>('counts')).held === wantedRequests
    },
    90_000,
  )
  console.log(`# ${wantedRequests} requests wait; cloud and agent: ${await megabytes()} MiB`)
  await landscape.backend.call('release')
  for (const [i, outcome] of (await Promise.all(outcomes)).entries())
    assert.ok(isEcho(outcome, `${i}.`), JSON.stringify(outcome).slice(0, 200))
})
