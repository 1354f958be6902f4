// Service channels under stress: processes that die, readers that do not read.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import type { ChannelStatus } from '@landbridge/connector'
import { freePort } from '@landbridge/testkit'
import type { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { Landscape } from '../harness/landscape.ts'
import type { AgentSettings } from '../processes/settings.ts'

const mebibyte = 1024 * 1024
const endlessBytes = 1024 * mebibyte
const request = 'GET /endless HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n'
let landscape: Landscape
let settings: AgentSettings
let agent: Child<string>
let port: number

before(async () => {
  landscape = await Landscape.start()
  landscape.exposeService('web', landscape.backend.ready.httpPort)
  port = await freePort()
  const channel = { id: 1, kind: 'K8S', host: 'localhost', service: 'web', port, connections: 2 }
  settings = landscape.agentSettings({ channels: [channel] })
  agent = await landscape.startAgent(settings)
  await whenOpen(2)
})
after(() => landscape?.close())

async function whenOpen(connections: number): Promise<void> {
  await eventually(
    `the channel has ${connections} connections`,
    async () => (await agent.call<ChannelStatus>('channel', 1)).openedConnections === connections,
    15_000,
  )
}

function open(): Socket {
  return connect({ port, host: '127.0.0.1' }).on('error', () => {})
}

/** One small exchange through the channel: true when the whole answer came. */
async function isServed(): Promise<boolean> {
  const socket = open()
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  let text = ''
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part
  })
  socket.write('GET /echo/hello. HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n')
  await closed
  return text.startsWith('HTTP/1.1 200') && text.endsWith('hello.')
}

interface Counts {
  readonly endlessSent: number
  readonly endlessClosed: number
}
const counts = (): Promise<Counts> => landscape.backend.call<Counts>('counts')
const memory = (): Promise<number[]> =>
  Promise.all([landscape.cloud, agent, landscape.backend].map((child) => child.call<number>('memory')))

async function assertFlat(before: readonly number[], what: string, bound = 64 * mebibyte): Promise<void> {
  const grown = (await memory()).map((now, i) => now - before[i]!)
  console.log(`# ${what}: cloud, agent, backend grew by ${grown.map((n) => (n / mebibyte).toFixed(1)).join(', ')} MiB`)
  for (const bytes of grown) assert.ok(bytes < bound, `${what}: grew by ${bytes} bytes`)
}

/** Waits until the service has not sent anything for half a second. */
async function standstill(): Promise<number> {
  let last = -1
  let since = Date.now()
  await eventually('the service comes to a standstill', async () => {
    const { endlessSent } = await counts()
    if (endlessSent !== last) since = Date.now()
    last = endlessSent
    return endlessSent > 0 && Date.now() - since > 500
  })
  return last
}

test('a client that does not read stalls its own 1 GiB and nobody else, and then gets all of it; memory stays flat (OPS-054)', async () => {
  for (let i = 0; i < 100; i++) assert.ok(await isServed())
  const before = await memory()
  const [slow, leaving] = [open(), open()]
  for (const socket of [slow, leaving]) socket.pause().write(request)
  const sent = await standstill()
  console.log(`# the service stopped after ${(sent / mebibyte).toFixed(1)} MiB for 2 clients`)
  assert.ok(sent < 2 * 24 * mebibyte, `${sent} bytes were taken from the service`)
  assert.ok(await isServed())
  await assertFlat(before, 'stalled download')
  leaving.destroy()
  await eventually('the service sees that a client left', async () => (await counts()).endlessClosed === 1)
  let bytes = 0
  for await (const chunk of slow) bytes += (chunk as Buffer).length
  assert.ok(bytes > endlessBytes)
  // At full speed some of the copies on the way are garbage that nobody has collected yet.
  await assertFlat(before, 'whole download', 160 * mebibyte)
})

test('a service that does not read stops the client that sends; memory stays flat (OPS-054)', async () => {
  const before = await memory()
  const socket = open()
  socket.write(`POST /deaf HTTP/1.1\r\nHost: service\r\nContent-Length: ${endlessBytes}\r\n\r\n`)
  const block = Buffer.alloc(mebibyte)
  let written = 0
  const stuck = async (): Promise<boolean> => {
    const drained = once(socket, 'drain').then(() => false)
    return Promise.race([drained, new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 1_000))])
  }
  for (;;) {
    written += block.length
    if (!socket.write(block) && (await stuck())) break
    assert.ok(written < endlessBytes, 'the client was not stopped')
  }
  console.log(`# the client was stopped after ${(written / mebibyte).toFixed(1)} MiB`)
  assert.ok(written < 64 * mebibyte)
  assert.ok(await isServed())
  await assertFlat(before, 'stalled upload')
  socket.destroy()
})

test('a killed cloud side breaks the connections of a channel, and its successor serves it again (API2-152, OPS-045)', async () => {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.pause().write(request)
  await once(socket, 'readable')
  const broken = once(socket, 'error')
  await landscape.cloud.kill()
  socket.resume()
  assert.equal(((await broken)[0] as NodeJS.ErrnoException).code, 'ECONNRESET')
  await landscape.startCloud()
  await whenOpen(2)
  assert.ok(await isServed())
})

test('a killed connector opens its channels again when it is back, on the same port (API2-152, OPS-045)', async () => {
  await agent.kill()
  assert.equal(await isServed(), false)
  agent = await landscape.startAgent(settings)
  await whenOpen(2)
  assert.ok(await isServed())
})
