import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import type { WireAnswer, WireSocket } from '@landbridge/testkit'
import { type Call, sendCall, type WirePlane, withWireBackend } from './backend-calls.ts'

const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

interface Exchange {
  readonly client: WireSocket
  readonly system: WireSocket
}

/** A request that has arrived at the backend, over `system` where a connection is used again. */
async function arrived(wire: WirePlane, call: Call, system?: WireSocket): Promise<Exchange> {
  const client = await wire.plane.client()
  await sendCall(wire.plane, client, call)
  const peer = system ?? (await wire.backend.accept())
  assert.match(await peer.readHead(), new RegExp(`^${call.method ?? 'GET'} ${call.url.slice('web:80'.length)} `))
  return { client, system: peer }
}

/** Whatever became of the exchange before: another client gets its own answer, from a connection that is in order. */
async function assertServesOthers(wire: WirePlane): Promise<void> {
  const { client, system } = await arrived(wire, { url: 'web:80/other' })
  system.send(ok('for the other'))
  assert.equal((await client.readAnswer()).body.toString(), 'for the other')
  system.destroy()
  await system.closed
}

function assertBadGateway(answer: WireAnswer, code: string, what: string): void {
  assert.equal(answer.status, 502, what)
  assert.equal(answer.header('X-Landbridge-Error'), code, what)
}

test('a GET, HEAD or OPTIONS over a waiting connection that the backend has closed is sent once more, on a new one', async () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    await using wire = await withWireBackend()
    const first = await arrived(wire, { url: 'web:80/1' })
    first.system.send(ok('1'))
    await first.client.readAnswer()
    // The backend reads the request and closes: the same to the connector as closing before it came.
    const second = await arrived(wire, { url: 'web:80/2', method }, first.system)
    second.system.end()
    const fresh = await wire.backend.accept()
    assert.match(await fresh.readHead(), new RegExp(`^${method} /2 HTTP/1.1\r\nHost: web:80\r\n\r\n$`))
    fresh.send(method === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n' : ok('2'))
    assert.equal((await second.client.readAnswer(method)).status, 200, method)
    assert.equal(wire.backend.accepted, 2)
  }
})

test('a request is repeated once and no more', async () => {
  await using wire = await withWireBackend()
  const first = await arrived(wire, { url: 'web:80/1' })
  first.system.send(ok('1'))
  await first.client.readAnswer()
  const { client } = await arrived(wire, { url: 'web:80/2' }, first.system)
  first.system.reset()
  const fresh = await wire.backend.accept()
  await fresh.readHead()
  fresh.reset()
  assertBadGateway(await client.readAnswer(), 'BACKEND_CLOSED', 'second failure')
  await assertServesOthers(wire)
  assert.equal(wire.backend.accepted, 3)
})

test('what may have been carried out is not repeated: methods that change something, bodies, begun answers, new connections', async () => {
  const calls: readonly Call[] = [
    { url: 'web:80/2', method: 'POST', body: 'x' },
    { url: 'web:80/2', method: 'POST', lines: ['Content-Length: 0'] },
    { url: 'web:80/2', method: 'PUT', body: 'x' },
    { url: 'web:80/2', method: 'PATCH', body: 'x' },
    { url: 'web:80/2', method: 'DELETE' },
    { url: 'web:80/2', method: 'PROPFIND' },
    { url: 'web:80/2', method: 'GET', body: 'x' },
  ]
  await using wire = await withWireBackend()
  for (const call of calls) {
    const first = await arrived(wire, { url: 'web:80/1' })
    first.system.send(ok('1'))
    await first.client.readAnswer()
    const { client, system } = await arrived(wire, call, first.system)
    system.reset()
    assertBadGateway(await client.readAnswer(), 'BACKEND_CLOSED', String(call.method))
  }
  assert.equal(wire.backend.accepted, calls.length)
  const onNew = await arrived(wire, { url: 'web:80/new' })
  onNew.system.end()
  assertBadGateway(await onNew.client.readAnswer(), 'BACKEND_CLOSED', 'new connection')
  const begun = await arrived(wire, { url: 'web:80/1' })
  begun.system.send(ok('1'))
  await begun.client.readAnswer()
  const second = await arrived(wire, { url: 'web:80/2' }, begun.system)
  second.system.end('HTTP/1.1 103 Early Hints\r\n\r\n')
  assert.match(await second.client.readHead(), /^HTTP\/1\.1 103 /)
  assertBadGateway(await second.client.readAnswer(), 'BACKEND_CLOSED', 'begun')
  assert.equal(wire.backend.accepted, calls.length + 2)
})

test('a connection that the backend ends or writes to while it waits is given up', async () => {
  await using wire = await withWireBackend()
  const { backends } = wire.plane.connector.context
  for (const misbehave of [
    (system: WireSocket) => system.end(),
    (system: WireSocket) => system.reset(),
    (system: WireSocket) => system.send('HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nevil'),
  ]) {
    const first = await arrived(wire, { url: 'web:80/1' })
    first.system.send(ok('1'))
    await first.client.readAnswer()
    assert.equal(backends.size, 1)
    misbehave(first.system)
    await first.system.readToEnd()
    first.system.destroy()
    await assertServesOthers(wire)
  }
})

const garbage: readonly (readonly [string, string])[] = [
  ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['an older protocol', 'HTTP/0.9 200 OK\r\n\r\n'],
  ['a newer protocol', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['lower case', 'http/1.1 200 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n'],
  ['binary', '\x16\x03\x01\x00\xff\x00\x00'],
  ['a request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a blank line first', '\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n'],
  ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n'],
  ['a line without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'],
  ['a NUL in a value', 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n'],
  ['length and coding', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['coding and length', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na'],
  ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na'],
  ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na'],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\na'],
  ['a hexadecimal length', 'HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\na'],
  ['a huge length', 'HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\na'],
  ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\na'],
  ['chunked, but not last', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
  ['chunked twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['chunks of HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  [
    'a head of 64 KiB and more',
    `HTTP/1.1 200 OK\r\n${'X-Fill: '.padEnd(1_000, 'x')}\r\n`.repeat(1) +
      `${'X-Fill: '.padEnd(1_000, 'x')}\r\n`.repeat(66),
  ],
  ['a line of 64 KiB and more', `HTTP/1.1 200 OK\r\nX-Fill: ${'x'.repeat(66_000)}`],
  ['too many lines', `HTTP/1.1 200 OK\r\n${'X-A: 1\r\n'.repeat(201)}\r\n`],
]

test('answers that are no HTTP, ambiguous or too large are a 502, however they are cut, and nobody else gets any of it', async () => {
  await using wire = await withWireBackend()
  for (const [what, bytes] of garbage)
    for (const pieces of [1, 2]) {
      const { client, system } = await arrived(wire, { url: 'web:80/bad' })
      const middle = Math.floor(bytes.length / 2)
      if (pieces === 2) {
        system.send(bytes.slice(0, middle))
        await new Promise((resolve) => setImmediate(resolve))
      }
      system.send(pieces === 2 ? bytes.slice(middle) : bytes)
      // What is not complete yet becomes wrong by its end.
      if (!/\r\n\r\n/.test(bytes)) system.end()
      const answer = await client.readAnswer()
      assert.equal(answer.status, 502, what)
      assert.match(String(answer.header('X-Landbridge-Error')), /^BACKEND_(PROTOCOL|CLOSED)$/, what)
      assert.ok(!answer.body.includes('x'.repeat(100)), what)
      await system.readToEnd()
      system.destroy()
    }
  await assertServesOthers(wire)
})

test('a head that does not end is a 502 once it exceeds its limit, without waiting for more', async () => {
  await using wire = await withWireBackend()
  const { client, system } = await arrived(wire, { url: 'web:80/' })
  system.send('HTTP/1.1 200 OK\r\n')
  for (let sent = 0; sent < 70_000; sent += 1_000) system.send(`${'X-Fill: '.padEnd(998, 'x')}\r\n`)
  assertBadGateway(await client.readAnswer(), 'BACKEND_PROTOCOL', 'endless head')
  await assertServesOthers(wire)
})

test('an answer that breaks off or goes wrong in its body ends the client connection before it looks complete', async () => {
  await using wire = await withWireBackend()
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  const broken: readonly (readonly [string, (system: WireSocket) => void])[] = [
    ['a length that is not reached', (system) => system.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')],
    ['a reset within the body', (system) => system.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')],
    ['an end within a chunk', (system) => system.end(`${chunked}5\r\nabc`)],
    ['an end between chunks', (system) => system.end(`${chunked}3\r\nabc\r\n`)],
    ['an end within the last chunk', (system) => system.end(`${chunked}3\r\nabc\r\n0\r\n`)],
    ['a chunk size that is none', (system) => system.send(`${chunked}3\r\nabc\r\nzz\r\n`)],
    ['a chunk that is longer than it says', (system) => system.send(`${chunked}3\r\nabcdef\r\n0\r\n\r\n`)],
    ['a chunk size beyond all limits', (system) => system.send(`${chunked}fffffffffffffffff\r\nabc`)],
    ['a chunk size line with a bare line feed', (system) => system.send(`${chunked}3\nabc\n0\n\n`)],
    ['a trailer that reframes', (system) => system.send(`${chunked}0\r\nContent-Length: 5\r\n\r\n`)],
    ['a close-delimited body that is reset', (system) => system.send('HTTP/1.0 200 OK\r\n\r\nabc')],
  ]
  for (const [what, misbehave] of broken) {
    const { client, system } = await arrived(wire, { url: 'web:80/bad' })
    misbehave(system)
    assert.match(await client.readHead(), /^HTTP\/1\.1 200 /, what)
    if (/reset/.test(what)) {
      await client.read(3)
      system.reset()
    }
    const rest = await client.readToEnd()
    assert.ok(!rest.includes('0\r\n\r\n'), what)
    // Where the end of the connection would be the end of the answer, it must not be an orderly one.
    if (/close-delimited/.test(what)) assert.ok(client.isBroken, what)
    client.destroy()
    system.destroy()
    await assertServesOthers(wire)
  }
})

test('bytes behind an answer, in its packet or in a later one, are never the answer to another request', async () => {
  await using wire = await withWireBackend()
  const evil = ok('evil')
  const answers = [
    ok('mine'),
    'HTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmine\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nmine',
    'HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nmine',
  ]
  for (const answer of answers)
    for (const later of [false, true]) {
      const { client, system } = await arrived(wire, { url: 'web:80/1' })
      system.send(later ? answer : answer + evil)
      await client.readAnswer()
      if (later) system.send(evil)
      await system.readToEnd()
      system.destroy()
      assert.equal(wire.plane.connector.context.backends.size, 0)
      await sendCall(wire.plane, client, { url: 'web:80/2' })
      const fresh = await wire.backend.accept()
      assert.match(await fresh.readHead(), /^GET \/2 /)
      fresh.send(ok('good'))
      assert.equal((await client.readAnswer()).body.toString(), 'good')
      fresh.destroy()
      await assertServesOthers(wire)
    }
})

test('a body behind the answer to HEAD is not passed on, and its connection not used again', async () => {
  await using wire = await withWireBackend()
  const { client, system } = await arrived(wire, { url: 'web:80/1', method: 'HEAD' })
  system.send(ok('evil'))
  const answer = await client.readAnswer('HEAD')
  assert.equal(answer.header('Content-Length'), '4')
  await system.readToEnd()
  await sendCall(wire.plane, client, { url: 'web:80/2' })
  const fresh = await wire.backend.accept()
  await fresh.readHead()
  fresh.send(ok('good'))
  assert.equal((await client.readAnswer()).body.toString(), 'good')
})

test('a backend that is silent for too long is a 504, or the end of the client connection within its answer', async () => {
  const clock = new ManualClock(Date.now())
  const timeouts = { connectMs: 5_000, responseMs: 5_000, idleMs: 30_000 }
  await using wire = await withWireBackend({}, { clock, connector: { timeouts } })
  const silent = await arrived(wire, { url: 'web:80/1' })
  clock.advance(6_000)
  const answer = await silent.client.readAnswer()
  assert.equal(answer.status, 504)
  assert.equal(answer.header('X-Landbridge-Error'), 'BACKEND_TIMEOUT')
  const stuck = await arrived(wire, { url: 'web:80/2' })
  stuck.system.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
  await stuck.client.readThrough('abc')
  clock.advance(6_000)
  assert.equal((await stuck.client.readToEnd()).length, 0)
  await assertServesOthers(wire)
})
