import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { pairsOf } from './raw-headers.ts'

/** Passes the target's "switching protocols" on, and from then on bytes, until both sides have ended. */
export function joinUpgraded(
  { socket: caller, head: callerHead, answer }: { socket: Socket; head: Buffer; answer: IncomingMessage },
  target: Socket,
  targetHead: Buffer,
): void {
  const lines = [...pairsOf(answer.rawHeaders)].map(([name, value]) => `${name}: ${value}\r\n`)
  caller.write(`HTTP/1.1 101 ${answer.statusMessage ?? 'Switching Protocols'}\r\n${lines.join('')}\r\n`, 'latin1')
  if (targetHead.length > 0) caller.write(targetHead)
  if (callerHead.length > 0) target.write(callerHead)
  join(caller, target)
}

/** Bytes both ways with back-pressure. What was written before one side closed still arrives at the other. */
export function join(caller: Socket, target: Socket): void {
  for (const [socket, other] of [
    [caller, target],
    [target, caller],
  ] as const)
    socket
      .setTimeout(0)
      .setNoDelay(true)
      .setKeepAlive(true, 30_000)
      .on('error', () => other.destroy())
      .on('close', () => other.destroySoon())
  caller.pipe(target)
  target.pipe(caller)
  caller.resume()
}
