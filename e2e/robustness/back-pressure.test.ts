import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import type { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { callWeb, isEcho } from '../harness/http-client.ts'
import { Landscape, webHost } from '../harness/landscape.ts'

const mebibyte = 1024 * 1024
const bound = 64 * mebibyte
const block = Buffer.alloc(mebibyte)
let landscape: Landscape
let agent: Child<string>

before(async () => {
  landscape = await Landscape.start()
  agent = await landscape.startAgent(landscape.agentSettings({ responseMs: 5_000 }))
  for (let i = 0; i < 300; i++) assert.ok(isEcho(await callWeb(landscape, '/echo/warm.'), 'warm.'))
})
after(() => landscape?.close())

interface Counts {
  readonly endlessSent: number
  readonly endlessClosed: number
}
const counts = (): Promise<Counts> => landscape.backend.call<Counts>('counts')

async function memory(): Promise<readonly number[]> {
  return Promise.all([landscape.cloud, agent, landscape.backend].map((child) => child.call<number>('memory')))
}

/** Fails when one of the three processes grew by more than the bound. */
async function assertFlat(before: readonly number[], what: string): Promise<void> {
  const grown = (await memory()).map((now, i) => now - before[i]!)
  console.log(`# ${what}: cloud, agent, backend grew by ${grown.map((n) => (n / mebibyte).toFixed(1)).join(', ')} MiB`)
  for (const bytes of grown) assert.ok(bytes < bound, `${what}: grew by ${bytes} bytes`)
}

function open(): Socket {
  return connect({ port: landscape.cloud.ready.httpPort, host: '127.0.0.1' }).on('error', () => {})
}

function head(method: string, path: string, more = ''): string {
  return `${method} http://${webHost}${path} HTTP/1.1\r\nHost: ${webHost}\r\nProxy-Authorization: Bearer ${landscape.token()}\r\n${more}\r\n`
}

/** Waits until a number that only rises has not risen for half a second. */
async function settled(what: string, read: () => number | Promise<number>): Promise<number> {
  let last = -1
  let since = Date.now()
  await eventually(`${what} comes to a standstill`, async () => {
    const now = await read()
    if (now !== last) since = Date.now()
    last = now
    return now > 0 && Date.now() - since > 500
  })
  return last
}

test('a client that reads a byte a second stalls its own 1 GiB download and nothing else; memory stays flat (CP-123, SCC-266)', async () => {
  const before = await memory()
  const sockets = Array.from({ length: 4 }, open)
  for (const socket of sockets) socket.pause().write(head('GET', '/endless'))
  const sent = await settled('the backend', async () => (await counts()).endlessSent)
  console.log(`# the backend stopped after ${(sent / mebibyte).toFixed(1)} MiB for 4 clients`)
  assert.ok(sent < 4 * 24 * mebibyte, `${sent} bytes were taken from the backend`)
  for (let second = 0; second < 3; second++) {
    for (const socket of sockets) socket.read(1)
    assert.ok(isEcho(await callWeb(landscape, '/echo/other.'), 'other.'))
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
  await assertFlat(before, 'stalled download')
  for (const socket of sockets) socket.destroy()
  await eventually('the backend sees that the clients left', async () => (await counts()).endlessClosed === 4)
})

test('1 GiB passes whole and at speed without filling memory', async () => {
  const before = await memory()
  const socket = open()
  const startedAtMs = Date.now()
  socket.write(head('GET', '/endless', 'Connection: close\r\n'))
  let bytes = 0
  for await (const chunk of socket) bytes += (chunk as Buffer).length
  assert.ok(bytes > 1024 * mebibyte)
  console.log(`# 1 GiB in ${Date.now() - startedAtMs} ms`)
  await assertFlat(before, 'fast download')
})

test('a backend that does not read stalls the upload and costs the caller 504; memory stays flat (CP-123)', async () => {
  const before = await memory()
  const socketsBefore = await agent.call<number>('sockets')
  const [leaving, staying] = [open(), open()]
  let written = 0
  for (const socket of [leaving, staying]) {
    socket.write(head('POST', '/deaf', `Content-Length: ${1024 * mebibyte}\r\n`))
    const pump = (): void => {
      for (let more = true; more && !socket.destroyed; ) {
        written += block.length
        more = socket.write(block)
      }
    }
    socket.on('drain', pump)
    pump()
  }
  const answer = once(staying, 'data')
  const taken = await settled('the upload', () => written)
  console.log(`# the uploads stopped after ${(taken / mebibyte).toFixed(1)} MiB for 2 clients`)
  assert.ok(taken < 64 * mebibyte)
  assert.ok(isEcho(await callWeb(landscape, '/echo/other.'), 'other.'))
  await assertFlat(before, 'stalled upload')
  // A proxy that does not read cannot see that its client left: the time limit of the backend ends both.
  leaving.destroy()
  assert.match(String((await answer)[0]), /^HTTP\/1\.1 504 .*X-Landbridge-Error: BACKEND_TIMEOUT/s)
  staying.destroy()
  await eventually('the agent has let go of the backend', async () => {
    return (await agent.call<number>('sockets')) <= socketsBefore
  })
})
