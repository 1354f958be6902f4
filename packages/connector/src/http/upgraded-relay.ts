import { SocketRelay, type Stream } from '@landbridge/tunnel'
import type { BackendConnection } from '../backend/backend-connection.ts'
import type { Meter } from '../traffic/system-traffic.ts'

/**
 * Passes on what client and system say to each other once they have changed the protocol (RFC 9110 section 7.8).
 * @param backend detached from its pool.
 * @param over called at the end with the bytes from and to the cloud.
 */
export function relayUpgraded(
  backend: BackendConnection,
  stream: Stream,
  meter: Meter | null,
  over: (receivedBytes: number, sentBytes: number) => void,
): void {
  if (meter !== null) meter.traffic.openConnections += 1
  const relay = new SocketRelay(backend.socket, stream, () => {
    if (meter !== null) meter.traffic.openConnections -= 1
    over(relay.receivedBytes, relay.sentBytes)
  })
  // The relay hears the end and the loss of the socket by itself; only what is read comes through the connection.
  backend.user = {
    backendData: (borrowed) => relay.fromSocket(borrowed),
    backendDrain() {},
    backendEnd() {},
    backendClosed() {},
  }
}
