import { emptyPreface, prefaceLength, readPreface, StreamKind, writePreface } from './preface.ts'
import type { Stream, StreamSink } from './stream.ts'

/** Where something can be told. */
export interface ClientSession {
  readonly isUsable: boolean
  open(sink: StreamSink): Stream
}

const maxNameLength = 32
const scratch = Buffer.allocUnsafeSlow(64)
const closed = {
  kind: StreamKind.closed,
  ...emptyPreface,
}

/** Nothing follows on a stream that tells something. */
const told: StreamSink = {
  streamData: (stream) => stream.reset(),
  streamEnd() {},
  streamReset() {},
  streamDrain() {},
}

/**
 * Tells the peer that what it knows as a client connection of this name is over (docs/protocol/tunnel.md, section 4).
 * A session that takes no streams any more ends soon, and with it all that belongs to it: nothing is told there.
 */
export function tellClosed(session: ClientSession, name: string): void {
  if (!session.isUsable) return
  const end = writePreface(scratch, 0, { ...closed, clientConnection: name })
  session.open(told).writeBorrowed(scratch, 0, end, true)
}

/**
 * Ends a stream that tells of the end of a client connection, or resets it if that is not what it does.
 * @param bytes all that came on it so far.
 * @returns the name; null when the stream was reset
 */
export function hearClosed(stream: Stream, bytes: Buffer): string | null {
  const isWhole = prefaceLength(bytes, 0, bytes.length) === bytes.length
  const preface = isWhole ? readPreface(bytes, 0, bytes.length) : null
  const name = preface?.kind === StreamKind.closed ? preface.clientConnection : undefined
  if (name === undefined || !isClientName(name)) {
    stream.reset()
    return null
  }
  stream.sink = told
  stream.end()
  return name
}

/** Names are remembered: a long one is none. */
export function isClientName(name: string): boolean {
  return name.length <= maxNameLength
}
