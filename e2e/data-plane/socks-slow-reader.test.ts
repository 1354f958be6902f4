import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { DataPlane, startWireBackend, tcpMapping, type WireSocket } from '@landbridge/testkit'
import { connected } from './socks-talk.ts'

const chunk = Buffer.alloc(64 * 1024, 'all of this is wanted ')
/** More than every buffer on the way together may hold: two sockets, two queues and a stream's largest window. */
const plentyBytes = 128 * 1024 * 1024

/** Writes until nothing is taken for a while of turns, or all of `plentyBytes` was taken. @returns bytes written */
async function writeUntilStuck(writer: WireSocket): Promise<number> {
  let written = 0
  while (written < plentyBytes) {
    written += chunk.length
    if (writer.socket.write(chunk)) continue
    const drained = once(writer.socket, 'drain').then(() => true)
    const stuck = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 500))
    if (!(await Promise.race([drained, stuck]))) return written
  }
  return written
}

for (const direction of ['client', 'system'] as const)
  test(`a ${direction} that reads nothing stops its sender, delays nobody else, and misses nothing in the end`, async () => {
    await using plane = await DataPlane.start()
    const backend = await startWireBackend()
    plane.defer(() => backend.close())
    plane.connector.expose([tcpMapping('tcp.virtual', 9000, backend.port)])
    const client = await connected(plane)
    const system = await backend.accept()
    const [reader, writer] = direction === 'client' ? [client, system] : [system, client]
    reader.socket.pause()
    const written = await writeUntilStuck(writer)
    assert.ok(written < plentyBytes, 'the sender was stopped')

    const other = await connected(plane)
    const otherSystem = await backend.accept()
    other.end('quick question')
    assert.equal((await otherSystem.readToEnd()).toString(), 'quick question')
    otherSystem.end('quick answer')
    assert.equal((await other.readToEnd()).toString(), 'quick answer')

    let received = 0
    let isIntact = true
    reader.socket.removeAllListeners('data')
    reader.socket.on('data', (bytes: Buffer) => {
      const at = received % chunk.length
      const expected = Buffer.concat([chunk.subarray(at), chunk, chunk.subarray(0, at)]).subarray(0, bytes.length)
      if (bytes.length <= chunk.length) isIntact &&= expected.equals(bytes)
      received += bytes.length
    })
    reader.socket.resume()
    writer.end()
    await once(reader.socket, 'end')
    assert.equal(received, written)
    assert.ok(isIntact)
  })

test('a reader that leaves instead of reading frees its sender', async () => {
  await using plane = await DataPlane.start()
  const backend = await startWireBackend()
  plane.defer(() => backend.close())
  plane.connector.expose([tcpMapping('tcp.virtual', 9000, backend.port)])
  const client = await connected(plane)
  const system = await backend.accept()
  client.socket.pause()
  await writeUntilStuck(system)
  client.reset()
  await system.closed
})
