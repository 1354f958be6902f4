import { connect, type Socket } from 'node:net'
import type { SocksEntry } from '../peers/peer.ts'

/** What became of many virtual connections that were open at the same time. */
export interface HoldResult {
  readonly wanted: number
  /** Connections that the SOCKS5 proxy opened. */
  readonly opened: number
  /** Connections that, with all of them open, still carried a byte there and back. */
  readonly answered: number
  readonly openSeconds: number
  readonly firstFailure: string
}

export interface HoldHooks {
  /** True when the time for opening is used up; what is open by then is counted. */
  readonly isOver: () => boolean
  /** Called once with all connections open. */
  readonly whileOpen: () => void
}

/** How many handshakes run at the same time: enough to keep the proxy busy, few enough for any listen backlog. */
const parallel = 128

/**
 * Opens `wanted` SOCKS5 connections, weighs the situation with all of them open, then echoes one byte on each.
 * Each takes a file descriptor here and several in the proxies.
 */
export async function holdConnections(
  socks: SocksEntry,
  wanted: number,
  { isOver, whileOpen }: HoldHooks,
): Promise<HoldResult> {
  const open: Socket[] = []
  const failures: string[] = []
  const startedMs = performance.now()
  await eachInParallel(wanted, async () => {
    if (isOver()) return
    try {
      open.push(await openVirtualConnection(socks))
    } catch (failure) {
      failures.push(String(failure))
    }
  })
  const openSeconds = (performance.now() - startedMs) / 1000
  whileOpen()
  let answered = 0
  await eachInParallel(open.length, async (index) => {
    try {
      await echoByte(open[index]!, index & 0xff)
      answered += 1
    } catch (failure) {
      failures.push(String(failure))
    }
  })
  for (const socket of open) socket.destroy()
  return { wanted, opened: open.length, answered, openSeconds, firstFailure: failures[0] ?? '' }
}

async function eachInParallel(count: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await act(next++)
  }
  await Promise.all(Array.from({ length: parallel }, worker))
}

/** The SOCKS5 handshake with a token (guide L12579 to L12896), without location ID. */
async function openVirtualConnection({ port, token, targetHost, targetPort }: SocksEntry): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.setTimeout(20_000, () => socket.destroy(new Error('no answer within 20 s')))
  try {
    const authentication = Buffer.alloc(5 + token.length + 1)
    authentication.writeUInt8(1, 0)
    authentication.writeUInt32BE(token.length, 1)
    authentication.write(token, 5, 'latin1')
    const host = Buffer.from(targetHost)
    const target = Buffer.from([5, 1, 0, 3, host.length, ...host, targetPort >> 8, targetPort & 0xff])
    await converse(socket, Buffer.from([5, 1, 0x80]), 2, [5, 0x80])
    await converse(socket, authentication, 2, [1, 0])
    await converse(socket, target, 10, [5, 0])
    socket.setTimeout(0)
    return socket
  } catch (failure) {
    socket.destroy()
    throw failure
  }
}

async function echoByte(socket: Socket, byte: number): Promise<void> {
  socket.setTimeout(20_000)
  await converse(socket, Buffer.from([byte]), 1, [byte])
  socket.setTimeout(0)
}

/** Sends bytes and waits for an answer of a known length that begins as expected. */
function converse(socket: Socket, question: Buffer, length: number, expected: readonly number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer: Buffer = Buffer.alloc(0)
    const settle = (failure?: Error) => {
      socket.off('data', take)
      socket.off('error', settle)
      socket.off('close', closed)
      if (failure) reject(failure)
      else resolve()
    }
    const closed = () => settle(new Error('the connection was closed'))
    const take = (chunk: Buffer) => {
      answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk])
      if (answer.length < length && expected.every((byte, index) => (answer[index] ?? byte) === byte)) return
      const fits = expected.every((byte, index) => answer[index] === byte)
      settle(fits ? undefined : new Error(`answered ${answer.toString('hex')} to ${question.toString('hex', 0, 12)}`))
    }
    socket.on('data', take)
    socket.on('error', settle)
    socket.on('close', closed)
    socket.write(question)
  })
}
