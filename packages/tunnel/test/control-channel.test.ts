import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import { ControlChannel, type ControlMessage, maxPrefaceBytes, StreamKind, writePreface } from '../src/index.ts'
import { Collector, observe, sessionPair, socketPair, until } from './session-pair.ts'
import { WirePeer } from './wire-peer.ts'

const syn = 1
const fin = 4
const empty = { virtualHost: '', virtualPort: 0, userToken: '', technicalToken: '', traceId: '', clientId: '' }

function prefaceOf(kind: number, virtualHost = ''): Buffer {
  const bytes = Buffer.alloc(maxPrefaceBytes)
  return bytes.subarray(0, writePreface(bytes, 0, { kind, ...empty, virtualHost }))
}

interface Heard {
  readonly messages: ControlMessage[]
  readonly closed: Promise<string | undefined>
}

function listen(channel: ControlChannel): Heard {
  const messages: ControlMessage[] = []
  const closed = new Promise<string | undefined>((resolve) => {
    channel.onClose = resolve
  })
  channel.onMessage = (message) => messages.push(message)
  return { messages, closed }
}

/** A control channel on the accepting side whose peer is moved by hand. */
async function accepting() {
  const { near, far } = await socketPair()
  const peer = new WirePeer(near)
  const accepted = Promise.withResolvers<Heard>()
  const { session, closed } = observe(far, 'server', {
    accept: (stream) => {
      const channel = ControlChannel.accept(stream)
      accepted.resolve(listen(channel))
      return channel
    },
  })
  return {
    peer,
    session,
    heard: accepted.promise,
    async [Symbol.asyncDispose]() {
      session.destroy()
      await Promise.all([closed, peer.over])
    },
  }
}

/** Sends `bytes` as stream 1, cut into data frames at the given places; empty frames are part of the game. */
function sendCut(peer: WirePeer, bytes: Buffer, cuts: readonly number[], lastFlags: number): void {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  for (let i = 1; i < places.length; i++) {
    const flags = (i === 1 ? syn : 0) | (i === places.length - 1 ? lastFlags : 0)
    peer.send({ id: 1, flags, payload: bytes.subarray(places[i - 1], places[i]) })
  }
}

test('two ends talk in both directions and close in order', async () => {
  const far = Promise.withResolvers<{ channel: ControlChannel; heard: Heard }>()
  await using pair = await sessionPair({
    server: {
      accept: (stream) => {
        const channel = ControlChannel.accept(stream)
        far.resolve({ channel, heard: listen(channel) })
        return channel
      },
    },
  })
  const near = ControlChannel.open(pair.client)
  const nearHeard = listen(near)
  near.send({ type: 'hello', protocol: 1, description: 'Zürich\nplant “2”' })
  const { channel, heard } = await far.promise
  await until(() => heard.messages.length === 1)
  assert.deepEqual(heard.messages, [{ type: 'hello', protocol: 1, description: 'Zürich\nplant “2”' }])
  channel.send({ type: 'welcome', sessionId: 's' })
  channel.close()
  assert.equal(await nearHeard.closed, undefined)
  assert.equal(await heard.closed, undefined)
  assert.deepEqual(nearHeard.messages, [{ type: 'welcome', sessionId: 's' }])
  near.send({ type: 'late' })
  near.close()
  assert.deepEqual([pair.client.streamCount, pair.server.streamCount], [0, 0])
})

test('messages come out the same however the bytes arrive', async () => {
  const message = fc.record({ type: fc.string(), value: fc.jsonValue() })
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
      async (messages, cuts, host) => {
        await using far = await accepting()
        const lines = messages.map((one) => `${JSON.stringify(one)}\n`).join('')
        sendCut(far.peer, Buffer.concat([prefaceOf(StreamKind.control, host), Buffer.from(lines)]), cuts, fin)
        const heard = await far.heard
        assert.equal(await heard.closed, undefined)
        assert.deepEqual(heard.messages, JSON.parse(JSON.stringify(messages)))
      },
    ),
    runs(50),
  )
})

const refusals: readonly { title: string; bytes: Buffer; reason: RegExp }[] = [
  { title: 'text that is not JSON', bytes: Buffer.from('{"type":\n'), reason: /not JSON/ },
  { title: 'an empty line', bytes: Buffer.from('\n'), reason: /not JSON/ },
  { title: 'JSON that is no object', bytes: Buffer.from('[1]\n'), reason: /no type/ },
  { title: 'null', bytes: Buffer.from('null\n'), reason: /no type/ },
  { title: 'an object without a type', bytes: Buffer.from('{"kind":"hello"}\n'), reason: /no type/ },
  { title: 'a line longer than 64 KiB', bytes: Buffer.from(`{"type":"${'x'.repeat(65_536)}"}\n`), reason: /too long/ },
  { title: 'an endless line', bytes: Buffer.alloc(70_000, 'x'), reason: /too long/ },
]

for (const { title, bytes, reason } of refusals)
  test(`a control stream with ${title} is reset in any cut, after the messages before it, and the session lives`, async () => {
    for (const cuts of [[], [1, 2, 3, 7], [40_000], Array.from({ length: 50 }, (_, i) => i * 1_311)]) {
      await using far = await accepting()
      const good = Buffer.from('{"type":"good"}\n')
      sendCut(far.peer, Buffer.concat([prefaceOf(StreamKind.control), good, bytes]), cuts, 0)
      const heard = await far.heard
      assert.match((await heard.closed) ?? '', reason)
      assert.deepEqual(heard.messages, [{ type: 'good' }])
      assert.equal((await far.peer.frame((frame) => frame.type === 1 && frame.flags === 8)).id, 1)
      await far.peer.settle()
      assert.equal(far.session.isClosed, false)
    }
  })

test('a message of exactly 64 KiB is taken in any cut', async () => {
  const frame = '{"type":""}'
  const line = `{"type":"${'x'.repeat(65_536 - frame.length)}"}\n`
  for (const cuts of [[], [65_541], [65_542], [65_543], [3, 5, 30_000]]) {
    await using far = await accepting()
    sendCut(far.peer, Buffer.concat([prefaceOf(StreamKind.control), Buffer.from(line)]), cuts, fin)
    const heard = await far.heard
    assert.equal(await heard.closed, undefined)
    assert.equal(heard.messages.length, 1)
  }
})

test('a stream of another kind is refused by the first byte of its preface', async () => {
  for (const kind of Object.values(StreamKind).filter((one) => one !== StreamKind.control)) {
    await using far = await accepting()
    far.peer.send({ id: 1, flags: syn, payload: prefaceOf(kind, 'host').subarray(0, 1) })
    assert.match((await (await far.heard).closed) ?? '', /control stream was expected/)
  }
})

test('a channel that ends inside a message says so', async () => {
  await using far = await accepting()
  const bytes = Buffer.concat([prefaceOf(StreamKind.control), Buffer.from('{"type":"hel')])
  sendCut(far.peer, bytes, [], fin)
  const heard = await far.heard
  assert.match((await heard.closed) ?? '', /inside a message/)
  assert.deepEqual(heard.messages, [])
})

test('losing the session closes the channel once, with a reason', async () => {
  const pair = await sessionPair({ server: { accept: (stream) => ControlChannel.accept(stream) } })
  const reasons: (string | undefined)[] = []
  const channel = ControlChannel.open(pair.client)
  channel.onClose = (reason) => reasons.push(reason)
  channel.send({ type: 'hello' })
  await until(() => pair.server.streamCount === 1)
  pair.server.destroy()
  await pair.closed()
  channel.close()
  assert.deepEqual(reasons, ['the tunnel connection broke'])
})

test('a peer that takes no control messages is cut off after a mebibyte instead of filling the memory', async () => {
  await using pair = await sessionPair({ server: { accept: () => new Collector(true) } })
  const channel = ControlChannel.open(pair.client)
  const heard = listen(channel)
  let sent = 0
  let over = false
  heard.closed.then(() => {
    over = true
  })
  while (!over && sent < 1_000) {
    channel.send({ type: 'noise', text: 'x'.repeat(32_000) })
    sent++
    await pair.client.ping()
  }
  assert.match((await heard.closed) ?? '', /takes no control messages/)
  assert.ok(sent > 32 && sent < 50, `${sent}`)
})
