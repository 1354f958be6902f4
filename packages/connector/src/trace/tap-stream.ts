import type { Stream } from '@landbridge/tunnel'

/** Sees what passes a stream and changes nothing. Chunks are valid during the call only. */
export interface StreamTap {
  received(bytes: Buffer): void
  sent(bytes: Buffer): void
  /** The cloud side sent its last byte. */
  receivedEnd(): void
  /** The connector sent its last byte. */
  sentEnd(): void
  /** One side broke it off. */
  aborted(): void
}

/**
 * Puts a tap on one stream. It shadows methods of this object, so that streams without a tap do nothing for it: whoever
 * does not trace pays nothing.
 */
export function tapStream(stream: Stream, tap: StreamTap): void {
  const deliver = stream.deliver.bind(stream)
  const remoteEnd = stream.remoteEnd.bind(stream)
  const abort = stream.abort.bind(stream)
  const write = stream.write.bind(stream)
  const writeBorrowed = stream.writeBorrowed.bind(stream)
  const end = stream.end.bind(stream)
  const reset = stream.reset.bind(stream)
  stream.deliver = (chunk) => {
    tap.received(chunk)
    deliver(chunk)
  }
  stream.remoteEnd = () => {
    if (stream.isOpen && !stream.remoteEnded) tap.receivedEnd()
    remoteEnd()
  }
  stream.abort = () => {
    if (stream.isOpen) tap.aborted()
    abort()
  }
  stream.write = (chunk) => {
    if (stream.isOpen && !stream.localEnded) tap.sent(chunk)
    return write(chunk)
  }
  stream.writeBorrowed = (source, from, to, last) => {
    const isHeard = stream.isOpen && !stream.localEnded
    if (isHeard) tap.sent(source.subarray(from, to))
    const taken = writeBorrowed(source, from, to, last)
    if (isHeard && last) tap.sentEnd()
    return taken
  }
  stream.end = (last) => {
    const isHeard = stream.isOpen && !stream.localEnded
    if (isHeard && last !== undefined) tap.sent(last)
    end(last)
    if (isHeard) tap.sentEnd()
  }
  stream.reset = () => {
    if (stream.isOpen) tap.aborted()
    reset()
  }
}
