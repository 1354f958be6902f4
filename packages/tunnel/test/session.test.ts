import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collector, sessionPair } from './session-pair.ts'

test('bytes come back in order, short and long, and the stream is forgotten at its end', async () => {
  await using pair = await sessionPair()
  const { client, server } = pair
  for (const size of [0, 1, 4096, 4097, 70_000, 3_000_000]) {
    const sent = Buffer.alloc(size, 'abcdefg')
    const sink = new Collector()
    client.open(sink).end(sent)
    assert.equal(Buffer.compare(await sink.ended, sent), 0, `size ${size}`)
  }
  assert.equal(client.streamCount, 0)
  assert.equal(server.streamCount, 0)
})

test('10,000 streams are open at once and each gets its own bytes back (SCC-266)', async () => {
  await using pair = await sessionPair()
  const { client } = pair
  const sinks = Array.from({ length: 10_000 }, (_, i) => {
    const sink = new Collector()
    const stream = client.open(sink)
    stream.write(Buffer.from(`stream ${i}`))
    return { sink, stream }
  })
  assert.equal(client.streamCount, 10_000)
  for (const { stream } of sinks) stream.end()
  const all = await Promise.all(sinks.map(({ sink }) => sink.ended))
  all.forEach((bytes, i) => {
    assert.equal(bytes.toString(), `stream ${i}`)
  })
})

test('losing the connection resets every open stream and tells both owners once', async () => {
  const { client, closed } = await sessionPair()
  const sink = new Collector()
  client.open(sink).write(Buffer.from('x'))
  client.socket.destroy()
  await assert.rejects(sink.ended, /reset/)
  await closed()
})
