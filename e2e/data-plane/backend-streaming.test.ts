import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DataPlane, mapping, startHttpsBackend, testAuthority, type WireSocket } from '@landbridge/testkit'
import { type Call, send, sendCall, type WirePlane, withWireBackend } from './backend-calls.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

async function arrived(wire: WirePlane, call: Call): Promise<{ client: WireSocket; system: WireSocket; head: string }> {
  const client = await wire.plane.client()
  await sendCall(wire.plane, client, call)
  const system = await wire.backend.accept()
  return { client, system, head: await system.readHead() }
}

const expecting = { url: 'web:80/', method: 'POST', lines: ['Expect: 100-continue', 'Content-Length: 5'] }

test('Expect: 100-continue works end to end: the body waits for the backend, which may also refuse it (SCC-223)', async () => {
  await using wire = await withWireBackend()
  const accepted = await arrived(wire, expecting)
  assert.match(accepted.head, /\r\nExpect: 100-continue\r\n/)
  // Nobody but the backend says 100: it has not said it yet.
  assert.equal(accepted.client.waiting.length, 0)
  accepted.system.send('HTTP/1.1 100 Continue\r\n\r\n')
  assert.equal(await accepted.client.readHead(), 'HTTP/1.1 100 Continue\r\n\r\n')
  accepted.client.send('hello')
  assert.equal((await accepted.system.read(5)).toString(), 'hello')
  accepted.system.send(ok)
  assert.equal((await accepted.client.readAnswer()).body.toString(), 'ok')
  // The connection is in order: it carries the next request.
  await sendCall(wire.plane, accepted.client, { url: 'web:80/next' })
  assert.match(await accepted.system.readHead(), /^GET \/next /)
  accepted.system.send(ok)
  assert.equal((await accepted.client.readAnswer()).status, 200)
  accepted.system.destroy()
  await accepted.system.closed
  const refused = await arrived(wire, expecting)
  refused.system.send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno')
  assert.equal((await refused.client.readAnswer()).status, 417)
  // The body never came: neither connection can be used for another request.
  assert.equal((await refused.client.readToEnd()).length, 0)
  assert.equal((await refused.system.readToEnd()).length, 0)
})

test('any number of interim answers precede the final one, in one packet, in many, and before a body is sent', async () => {
  await using wire = await withWireBackend()
  const interim = ['HTTP/1.1 102 Processing\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n']
  const all = `${interim.join('').repeat(20)}${ok}`
  for (const bytewise of [false, true]) {
    const { client, system } = await arrived(wire, { url: 'web:80/' })
    if (bytewise) await system.sendByteByByte(all)
    else system.send(all)
    for (let i = 0; i < 20; i++) for (const expected of interim) assert.equal(await client.readHead(), expected)
    assert.equal((await client.readAnswer()).body.toString(), 'ok')
    system.destroy()
    await system.closed
  }
})

test('an HTTP/1.0 backend may end its answer with its connection: the caller gets all of it as HTTP/1.1 and an end', async () => {
  await using wire = await withWireBackend()
  const { client, system } = await arrived(wire, { url: 'web:80/' })
  system.send('HTTP/1.0 200 OK\r\nServer: old\r\n\r\n')
  const head = await client.readHead()
  assert.match(head, /^HTTP\/1\.1 200 OK\r\nServer: old\r\n/)
  assert.match(head, /\r\nConnection: close\r\n/i)
  const large = Buffer.alloc(700_000, 'x')
  system.send(large)
  system.end('end')
  const body = await client.readToEnd()
  assert.equal(body.length, large.length + 3)
  assert.ok(body.toString('latin1').endsWith('xend') && !client.isBroken)
  assert.equal(wire.plane.connector.context.backends.size, 0)
})

test('an HTTP/1.0 answer with a length leaves the caller its connection, the backend connection is not used again', async () => {
  await using wire = await withWireBackend()
  const { client, system } = await arrived(wire, { url: 'web:80/1' })
  system.send('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok')
  assert.equal((await client.readAnswer()).statusLine, 'HTTP/1.1 200 OK')
  assert.equal((await system.readToEnd()).length, 0)
  await sendCall(wire.plane, client, { url: 'web:80/2' })
  const second = await wire.backend.accept()
  assert.match(await second.readHead(), /^GET \/2 /)
  second.send(ok)
  assert.equal((await client.readAnswer()).status, 200)
})

test('trailers pass behind chunks in both directions, and the connections go on', async () => {
  await using wire = await withWireBackend()
  const coding = 'Transfer-Encoding: chunked'
  const chunks = '3;name=value\r\nabc\r\n0\r\nX-Sum: 1\r\nX-Signed: yes\r\n\r\n'
  const { client, system } = await arrived(wire, {
    url: 'web:80/1',
    method: 'POST',
    lines: [coding, 'Trailer: X-Sum'],
    body: chunks,
  })
  assert.equal((await system.read(chunks.length)).toString(), chunks)
  system.send(`HTTP/1.1 200 OK\r\n${coding}\r\nTrailer: X-Sum\r\n\r\n${chunks}`)
  const answer = await client.readAnswer()
  assert.equal(answer.rawBody.toString(), chunks)
  assert.equal(answer.header('Trailer'), 'X-Sum')
  await sendCall(wire.plane, client, { url: 'web:80/2' })
  assert.match(await system.readHead(), /^GET \/2 /)
  system.send(ok)
  assert.equal((await client.readAnswer()).status, 200)
  assert.equal(wire.backend.accepted, 1)
})

test('an answer before the body has come is passed on whole, and the rest of the body goes nowhere', async () => {
  await using wire = await withWireBackend()
  for (const framing of ['Content-Length: 4000000', 'Transfer-Encoding: chunked']) {
    const { client, system } = await arrived(wire, { url: 'web:80/', method: 'POST', lines: [framing] })
    client.send(framing.startsWith('T') ? '5\r\nhello\r\n' : 'hello')
    await system.readThrough('hello')
    const large = 'y'.repeat(600_000)
    system.send(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${large.length}\r\n\r\n${large}`)
    const answer = await client.readAnswer()
    assert.equal(answer.status, 403)
    assert.equal(answer.body.length, large.length)
    assert.equal((await client.readToEnd()).length, 0)
    await system.readToEnd()
    const next = await arrived(wire, { url: 'web:80/next' })
    next.system.send(ok)
    assert.equal((await next.client.readAnswer()).status, 200)
    next.system.destroy()
    await next.system.closed
  }
})

/** Writes until the other side has taken nothing for some turns; returns what was accepted for sending. */
async function fill(socket: WireSocket, chunk: Buffer, limitBytes: number): Promise<number> {
  let sent = 0
  while (sent < limitBytes) {
    sent += chunk.length
    if (socket.socket.write(chunk)) continue
    const drained = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), 250)
      socket.socket.once('drain', () => {
        clearTimeout(timer)
        resolve(true)
      })
    })
    if (!drained) return sent
  }
  return sent
}

const chunk = Buffer.alloc(64 * 1024, 'z')
const totalBytes = 64 * 1024 * 1024

test('a download that the caller does not read stops at a bounded amount and others pass meanwhile; then all of it comes (SCC-224, SCC-266)', async () => {
  await using wire = await withWireBackend()
  const { client, system } = await arrived(wire, { url: 'web:80/' })
  client.socket.pause()
  system.send(`HTTP/1.1 200 OK\r\nContent-Length: ${totalBytes}\r\n\r\n`)
  const sent = await fill(system, chunk, totalBytes)
  assert.ok(sent < totalBytes / 2, `${sent} bytes were taken`)
  const other = await arrived(wire, { url: 'web:80/other' })
  other.system.send(ok)
  assert.equal((await other.client.readAnswer()).body.toString(), 'ok')
  assert.equal(wire.plane.connector.links.size, 1)
  const received = countToEnd(client)
  client.socket.resume()
  for (let left = totalBytes - sent; left > 0; left -= chunk.length) system.socket.write(chunk)
  assert.ok((await received(totalBytes)) >= totalBytes)
})

test('interim answers without end stop at a bounded amount, too, when the caller does not read; then the rest comes', async () => {
  await using wire = await withWireBackend()
  const { client, system } = await arrived(wire, { url: 'web:80/' })
  client.socket.pause()
  const hints = Buffer.from(`HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(4_000)}\r\n\r\n`.repeat(16))
  const sent = await fill(system, hints, totalBytes)
  assert.ok(sent < totalBytes / 2, `${sent} bytes were taken`)
  const received = countToEnd(client)
  client.socket.resume()
  system.send(ok)
  assert.ok((await received(sent + ok.length)) >= sent + ok.length)
})

test('an upload that the backend does not read stops at a bounded amount and others pass meanwhile; then all of it comes (SCC-224, SCC-266)', async () => {
  await using wire = await withWireBackend()
  const lines = [`Content-Length: ${totalBytes}`]
  const { client, system } = await arrived(wire, { url: 'web:80/', method: 'POST', lines })
  system.socket.pause()
  const sent = await fill(client, chunk, totalBytes)
  assert.ok(sent < totalBytes / 2, `${sent} bytes were taken`)
  const other = await arrived(wire, { url: 'web:80/other' })
  other.system.send(ok)
  assert.equal((await other.client.readAnswer()).body.toString(), 'ok')
  const received = countToEnd(system)
  system.socket.resume()
  for (let left = totalBytes - sent; left > 0; left -= chunk.length) client.socket.write(chunk)
  assert.ok((await received(totalBytes)) >= totalBytes)
  system.send(ok)
  assert.equal((await client.readAnswer()).status, 200)
})

/** Counts what arrives instead of keeping it. */
function countToEnd(wire: WireSocket): (bytes: number) => Promise<number> {
  let count = wire.waiting.length
  let wake = (): void => {}
  wire.socket.removeAllListeners('data')
  wire.socket.on('data', (part: Buffer) => {
    count += part.length
    wake()
  })
  return async (bytes) => {
    while (count < bytes)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    return count
  }
}

test('a hundred exchanges wait over one tunnel at once, and each gets its own answer in an order of its own (SCC-266)', async () => {
  await using wire = await withWireBackend()
  const numbers = Array.from({ length: 100 }, (_, index) => index)
  const calls = numbers.map((number) => send(wire.plane, { url: `web:80/${number}` }))
  const systems = new Map<number, WireSocket>()
  for (const _ of numbers) {
    const system = await wire.backend.accept()
    systems.set(Number(/^GET \/(\d+) /.exec(await system.readHead())?.[1]), system)
  }
  assert.equal(wire.plane.connector.links.size, 1)
  for (const number of [...numbers].sort((a, b) => ((a * 37) % 100) - ((b * 37) % 100)))
    systems.get(number)?.send(`HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n${String(number).padStart(3)}`)
  for (const [number, answer] of (await Promise.all(calls)).entries()) assert.equal(Number(answer.body), number)
  assert.equal(wire.plane.requests.length, 1)
})

test('uploads and downloads over TLS that neither end reads at times arrive whole (SCC-224)', async () => {
  const ca = await testAuthority()
  const identity = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
  const backend = await startHttpsBackend(identity, (request, response) => {
    request.pause()
    setImmediate(() => request.pipe(response))
  })
  const mappings = [mapping('web', backend.port, { protocol: 'HTTPS' })]
  const trust = { trustAllBackends: false, certificates: [ca.certificatePem] }
  await using plane = await DataPlane.start({ connector: { mappings, trust } })
  plane.defer(() => backend.close())
  const client = await plane.client()
  for (const bytes of [1, 262_144, 300_000, 5_000_000]) {
    const body = Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 31) % 251))
    const answer = await send(plane, { url: 'web:80/', method: 'POST', body }, client)
    assert.ok(answer.body.equals(body), `${bytes} bytes`)
  }
})
