import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '@landbridge/kernel'
import type { Exchange } from './forwarder.ts'
import { hasBody } from './request-head.ts'

export interface Limits {
  /** Until the connection to the target is open, TLS included. */
  readonly connectMs: number
  /** Longest pause of the target. */
  readonly readMs: number
  /** Longest pause of the caller. */
  readonly idleMs: number
  readonly clock: Clock
}

/** Thrown at a request whose target took too long. */
export class TargetTimeout extends Error {
  readonly phase: 'connect' | 'read'
  readonly afterMs: number

  constructor(phase: 'connect' | 'read', afterMs: number) {
    super(phase)
    this.phase = phase
    this.afterMs = afterMs
  }
}

/** Longest time between two looks at an exchange: limits are kept this precisely. */
const longestTickMs = 1_000

/**
 * Ends an exchange whose target, or whose caller, pauses too long. Whoever has to send or to read next is the one who
 * pauses: a caller that reads slowly is no slow target. @returns what ends the watch
 */
export function watch({ incoming, response }: Exchange, outgoing: ClientRequest, limits: Limits): () => void {
  const { connectMs, readMs, idleMs, clock } = limits
  let cancelConnect = (): void => {}
  const startConnect = (socket: Socket): void => {
    if (!socket.connecting) return
    cancelConnect = clock.after(connectMs, () => outgoing.destroy(new TargetTimeout('connect', connectMs)))
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', cancelConnect)
  }
  outgoing.once('socket', startConnect)

  const isCallersTurn = (): boolean =>
    response.writableNeedDrain ||
    (hasBody(incoming) && !incoming.complete && incoming.readableLength === 0 && !outgoing.writableNeedDrain)
  const tickMs = Math.min(longestTickMs, readMs / 4, idleMs / 4)
  let moved = -1
  let wasCallersTurn = false
  let since = clock.now()
  const look = (): void => {
    const { socket } = outgoing
    // A connection that is being opened has a limit of its own.
    const now = socket?.connecting === true ? moved + 1 : (socket?.bytesRead ?? 0) + (socket?.bytesWritten ?? 0)
    const callersTurn = isCallersTurn()
    if (now !== moved || callersTurn !== wasCallersTurn) since = clock.now()
    moved = now
    wasCallersTurn = callersTurn
    if (clock.now() - since >= (callersTurn ? idleMs : readMs)) {
      if (callersTurn) incoming.socket.destroy()
      else outgoing.destroy(new TargetTimeout('read', readMs))
      return
    }
    cancelLook = clock.after(tickMs, look)
  }
  let cancelLook = clock.after(tickMs, look)
  return () => {
    outgoing.off('socket', startConnect)
    cancelConnect()
    cancelLook()
  }
}
