import { type Session, StreamKind, type StreamSink, writePreface } from '@landbridge/tunnel'
import type { TunnelGroup } from '../tunnels/tunnel-group.ts'

let last = 0
const scratch = Buffer.allocUnsafeSlow(64)
const closed = {
  kind: StreamKind.closed,
  virtualHost: '',
  virtualPort: 0,
  userToken: '',
  technicalToken: '',
  traceId: '',
  clientId: '',
}

/** Nothing is expected on a stream that only tells something. */
const ignored: StreamSink = {
  streamData(stream, chunk) {
    stream.consumed(chunk.length)
  },
  streamEnd() {},
  streamReset() {},
  streamDrain() {},
}

/**
 * What connectors know one client connection by. Its requests to a connector keep to one tunnel, because that is where
 * the connector has the backend connections that belong to it.
 */
export class ClientMark {
  readonly name: string
  readonly #sessions: Map<TunnelGroup, Session>

  constructor() {
    last += 1
    this.name = String(last)
    this.#sessions = new Map()
  }

  /** The tunnel for the next request. @param picked the one to take if there was none yet, or it is of no use any more. */
  sessionOf(group: TunnelGroup, picked: Session): Session {
    const known = this.#sessions.get(group)
    if (known?.isUsable) return known
    if (known !== undefined) this.#tell(known)
    this.#sessions.set(group, picked)
    return picked
  }

  /** The client connection is gone: the connectors need not wait for the end of their patience. */
  close(): void {
    for (const session of this.#sessions.values()) this.#tell(session)
    this.#sessions.clear()
  }

  #tell(session: Session): void {
    // One that takes no streams any more ends soon, and with it all that belongs to it.
    if (!session.isUsable) return
    const end = writePreface(scratch, 0, { ...closed, clientConnection: this.name })
    session.open(ignored).writeBorrowed(scratch, 0, end, true)
  }
}
