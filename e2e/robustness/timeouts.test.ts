import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { eventually, within } from '../harness/eventually.ts'
import { callWeb, isEcho } from '../harness/http-client.ts'
import { Landscape, webHost } from '../harness/landscape.ts'

const headMs = 2_000
let landscape: Landscape

before(async () => {
  landscape = await Landscape.start({ proxyTimeouts: { headMs, idleMs: 1_500, responseMs: 10_000 } })
  await landscape.startAgent(landscape.agentSettings({ responseMs: 2_500 }))
})
after(() => landscape?.close())

function open(port = landscape.cloud.ready.httpPort): Socket {
  return connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
}

/** Everything that the peer sends until it ends. */
async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  const ended = new Promise<void>((resolve) => socket.once('end', resolve).once('close', () => resolve()))
  await within('the connection ends', ended, 20_000)
  socket.destroy()
  return text
}

const head = (path: string, token = landscape.token()): string =>
  `GET http://${webHost}${path} HTTP/1.1\r\nHost: ${webHost}\r\nProxy-Authorization: Bearer ${token}\r\n`

test('a backend that never answers costs the caller 504 with the remedy, and the next request works', async () => {
  const outcome = await callWeb(landscape, '/never')
  assert.ok(outcome.kind === 'answer')
  assert.equal(outcome.status, 504)
  assert.equal(outcome.code, 'BACKEND_TIMEOUT')
  assert.match(outcome.body, /did not answer in time: web\.virtual:80 \(no answer\)/)
  assert.match(outcome.body, /check the load of the internal system/)
  assert.ok(isEcho(await callWeb(landscape, '/echo/next.'), 'next.'))
})

test('a backend that accepts no connections costs the caller 504', async (context) => {
  // A listener whose queue is full and whose process does not accept: further connections wait in vain.
  const code = `const s = require('node:net').createServer().listen({port: 0, host: '127.0.0.1', backlog: 1}, () => {
    require('node:fs').writeSync(1, s.address().port + '\\n'); process.kill(process.pid, 'SIGSTOP') })`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const fillers: Socket[] = []
  try {
    const port = Number(String((await once(child.stdout, 'data'))[0]))
    const isTaken = async (): Promise<boolean> => {
      const socket = open(port)
      fillers.push(socket)
      await Promise.race([once(socket, 'connect'), new Promise((resolve) => setTimeout(resolve, 300))])
      return !socket.connecting
    }
    for (let i = 0; i < 16 && (await isTaken()); i++);
    if (!fillers.at(-1)?.connecting) return context.skip('this kernel takes connections beyond the backlog')
    const tenant = await landscape.newTenant()
    const mapping = { virtualHost: webHost, virtualPort: 80, port, protocol: 'HTTP' } as const
    await landscape.startAgent(landscape.agentSettings({ tenant, connectMs: 1_000, mappings: [mapping] }))
    const outcome = await callWeb(landscape, '/echo/x.', { token: landscape.token(tenant) })
    assert.ok(outcome.kind === 'answer')
    assert.equal(outcome.status, 504)
    assert.match(outcome.body, /\(no connection\)/)
  } finally {
    for (const socket of fillers) socket.destroy()
    child.kill('SIGKILL')
  }
})

test('500 clients that send their head byte by byte are cut off, and others are served meanwhile', async () => {
  const text = head('/echo/slow.')
  const slow = Array.from({ length: 500 }, () => open())
  let sent = 0
  const timer = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write(text[sent % text.length] as string)
    sent++
  }, 50)
  const answers = slow.map(readAll)
  try {
    let served = 0
    const isOver = Promise.all(answers)
    let over = false
    void isOver.then(() => {
      over = true
    })
    while (!over) {
      assert.ok(isEcho(await callWeb(landscape, '/echo/fast.'), 'fast.'))
      served++
    }
    for (const answer of await isOver) assert.match(answer, /^HTTP\/1\.1 408 .*X-Landbridge-Error: REQUEST_TIMEOUT/s)
    console.log(`# ${served} requests served while 500 slow clients were cut off`)
  } finally {
    clearInterval(timer)
    for (const socket of slow) socket.destroy()
  }
})

test('an unused connection is closed after the idle timeout, one with an answer under way is not', async () => {
  const unused = open()
  assert.equal(await readAll(unused), '')
  const used = open()
  used.write(`${head('/echo/once.')}\r\n`)
  assert.match(await readAll(used), /^HTTP\/1\.1 200 /)
})

test('a request that exceeds the overall limit is answered 504', async () => {
  const replica = await landscape.startReplica({ displayName: 'strict', timeouts: { overallMs: 1_000 } })
  const tenant = await landscape.newTenant()
  await landscape.startAgent(landscape.agentSettings({ tenant }))
  const outcome = await callWeb(landscape, '/never', { token: landscape.token(tenant), port: replica.ready.httpPort })
  assert.ok(outcome.kind === 'answer')
  assert.equal(outcome.status, 504)
  assert.equal(outcome.code, 'RESPONSE_TIMEOUT')
  await replica.kill()
})

test('clients that take their time get the whole of an answer that ends the connection', async () => {
  const wholeBytes = 8 * 1024 * 1024
  const tenant = await landscape.newTenant()
  const agent = await landscape.startAgent(landscape.agentSettings({ tenant }))
  const token = landscape.token(tenant)
  // What the kernels hold of an answer is unknown: each client pauses with a different rest to come, so that some of
  // them pause when the proxy has the end of the answer and cannot write it yet.
  const slow = async (restBytes: number): Promise<number> => {
    const socket = open()
    socket.write(`${head('/large', token)}Connection: close\r\n\r\n`)
    let bytes = 0
    let hasPaused = false
    for await (const chunk of socket) {
      bytes += (chunk as Buffer).length
      if (hasPaused || bytes < wholeBytes - restBytes) continue
      hasPaused = true
      // Longer than the proxy waits for a client to close after the last byte.
      await new Promise((resolve) => setTimeout(resolve, 6_500))
    }
    return bytes
  }
  for (const bytes of await Promise.all(Array.from({ length: 28 }, (_, i) => slow((i + 1) * 240 * 1024))))
    assert.ok(bytes > wholeBytes, `${bytes} bytes arrived`)
  await agent.kill()
})

test('an upload that keeps coming is not taken for a silent backend', async () => {
  const socket = open()
  const parts = 8
  socket.write(`${head('/echo/up.').replace('GET', 'POST')}Connection: close\r\nContent-Length: ${parts}\r\n\r\n`)
  const answer = readAll(socket)
  // Longer than the connector waits for a silent backend, each part well before that.
  for (let i = 0; i < parts; i++) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    socket.write('x')
  }
  assert.match(await answer, /^HTTP\/1\.1 200 /)
})

test('nothing is left over at the end', async () => {
  await eventually('no request is held', async () => {
    return (await landscape.backend.call<{ held: number }>('counts')).held === 0
  })
})
