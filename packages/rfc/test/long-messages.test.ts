import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  AppcFunction,
  appcHeadBytes,
  niFrame,
  RfcGuard,
  RfcTag,
  writeAppcReply,
  writeChain,
  writeGatewayRecord,
  writeText,
} from '../src/index.ts'
import { recordedPayloads } from './recorded.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const totalBytes = 100 * 1024 * 1024
const sliceBytes = 28_000
const [greeting, initialize, partner, allocate, logon] = recordedPayloads('open-rfc-0.2.3')

function record(kind: number, data: Buffer): Buffer {
  const head = Buffer.from((logon as Buffer).subarray(0, appcHeadBytes))
  head[1] = kind
  head.writeUInt16BE(0, 26)
  return niFrame(Buffer.concat([head, data]))
}

/** A call with so many rows of a table. */
function call(rows: number): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(1_000, 0)
  header.writeUInt32BE(rows, 4)
  const elements = [
    { tag: RfcTag.functionName, value: writeText('Z_TAKE', '4103') },
    { tag: RfcTag.tableName, value: writeText('LINES', '4103') },
    { tag: RfcTag.tableHeader, value: header },
    ...new Array(rows).fill({ tag: RfcTag.tableRow, value: Buffer.alloc(1_000, 'y') }),
    { tag: RfcTag.end },
  ]
  return Buffer.concat([Buffer.from([5, 2, 0, 0]), writeChain(RfcTag.call, elements), Buffer.of(0xff, 0xff)])
}

/** The slices of a call of 100 MB, made while they are sent. */
function* longCall(): Generator<readonly [slice: Buffer, isLast: boolean]> {
  const [one, two] = [call(1), call(2)]
  const row = two.length - one.length
  // Anywhere inside the first row: from there on, what one row more adds repeats.
  const cut = two.length - row - 100
  const rows = Buffer.concat(new Array(28).fill(two.subarray(cut, cut + row)))
  yield [two.subarray(0, cut), false]
  for (let bytes = 0; bytes < totalBytes; bytes += rows.length) yield [rows, false]
  yield [one.subarray(cut), true]
}

/** A guard on a connection that is logged on, with counters at both ends. */
function counted() {
  const counts = { toServer: 0, toClient: 0, calls: [] as string[], refusals: [] as string[], replies: 0 }
  const guard: RfcGuard = new RfcGuard(
    { logon: () => undefined, call: (name) => void counts.calls.push(name) },
    { host: 'internal.example', instance: '07' },
    {
      toServer(bytes) {
        counts.toServer += bytes.length
      },
      toClient(bytes) {
        counts.toClient += bytes.length
      },
      refused: (reason) => void counts.refusals.push(reason),
      finished: () => {},
      replied: () => void counts.replies++,
    },
  )
  const names = { service: 'sapgw07', logicalUnit: 'abap', program: 'sapgw' }
  guard.fromServer(
    niFrame(writeGatewayRecord({ address: [127, 0, 0, 1], ...names, codePage: '4103', acceptInfo: 0xfb, level: 15 })),
  )
  for (const payload of [greeting, initialize, partner, allocate, logon]) guard.fromClient(niFrame(payload as Buffer))
  guard.fromServer(niFrame(reply(Buffer.alloc(4), true)))
  assert.deepEqual(counts.refusals, [])
  return { guard, counts }
}

function reply(data: Buffer, isLast: boolean): Buffer {
  const function_ = isLast ? AppcFunction.sapSend : AppcFunction.sendData
  return writeAppcReply({ function: function_, conversationId: '10000000', connectionIndex: 1, data, isLast })
}

function heldBytes(): number {
  // What the first collection found is given back in the background.
  collect()
  collect()
  return process.memoryUsage().arrayBuffers
}

test('a call and a reply of 100 MB pass whole while next to nothing of them is held (RFC-068)', () => {
  const { guard, counts } = counted()
  const before = heldBytes()
  const sentBefore = counts.toServer
  let sent = 0
  let next = totalBytes / 5
  let most = 0
  const look = (passed: number): void => {
    if (passed < next) return
    next += totalBytes / 5
    most = Math.max(most, heldBytes() - before)
  }
  for (const [slice, isLast] of longCall()) {
    const bytes = record(isLast ? AppcFunction.receive : AppcFunction.asyncSendData, slice)
    guard.fromClient(bytes)
    sent += bytes.length
    look(sent)
  }
  assert.deepEqual(counts.refusals, [])
  assert.equal(counts.calls.at(-1), 'Z_TAKE')
  assert.equal(counts.toServer - sentBefore, sent)

  const repliesBefore = counts.replies
  const receivedBefore = counts.toClient
  const slice = niFrame(reply(Buffer.alloc(sliceBytes), false))
  let received = 0
  next = totalBytes / 5
  for (; received < totalBytes; received += slice.length) {
    guard.fromServer(Buffer.from(slice))
    look(received)
  }
  const last = niFrame(reply(Buffer.alloc(4), true))
  guard.fromServer(last)
  assert.equal(counts.toClient - receivedBefore, received + last.length)
  assert.equal(counts.replies - repliesBefore, 1)
  assert.ok(most < 4 * 1024 * 1024, `${most} bytes held`)
})
