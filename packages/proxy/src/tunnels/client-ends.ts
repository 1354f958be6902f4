import { hearClosed, type Session, type StreamSink } from '@landbridge/tunnel'

/**
 * Hears that a connector has lost what it had for a client connection: the client's connection ends, too, once it is not
 * in use. What a connector opens on its tunnel tells nothing else.
 */
export const clientEnds: StreamSink = {
  streamData(stream, chunk) {
    stream.consumed(chunk.length)
    const name = hearClosed(stream, chunk)
    if (name !== null) (stream.session as Session).clients?.get(name)?.()
  },
  streamEnd: (stream) => stream.reset(),
  streamReset() {},
  streamDrain() {},
}
