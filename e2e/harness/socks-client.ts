import { connect, type Socket } from 'node:net'
import { echoHost, echoPort, type Landscape } from './landscape.ts'

/** Opens a TCP connection to the echo system with a token (guide L12579). @throws Error on any other reply */
export async function openEcho(landscape: Landscape, token: string): Promise<Socket> {
  const socket = connect({ port: landscape.cloud.ready.socks5Port, host: '127.0.0.1', noDelay: true })
  const authentication = Buffer.alloc(5 + token.length + 1)
  authentication.writeUInt8(1, 0)
  authentication.writeUInt32BE(token.length, 1)
  authentication.write(token, 5, 'latin1')
  const host = Buffer.from(echoHost)
  try {
    await converse(socket, Buffer.from([5, 1, 0x80]), 2, [5, 0x80])
    await converse(socket, authentication, 2, [1, 0])
    await converse(socket, Buffer.from([5, 1, 0, 3, host.length, ...host, 0, echoPort]), 10, [5, 0])
    return socket
  } catch (failure) {
    socket.on('error', () => {}).destroy()
    throw failure
  }
}

/** Sends bytes and waits for an answer of a known length that begins as expected. */
export function converse(socket: Socket, question: Buffer, length: number, expected: readonly number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer: Buffer = Buffer.alloc(0)
    const settle = (failure?: Error): void => {
      clearTimeout(timer)
      socket.off('data', take).off('error', settle).off('close', closed)
      if (failure === undefined) resolve()
      else reject(failure)
    }
    const timer = setTimeout(() => settle(new Error('no answer within 20 s')), 20_000)
    const closed = (): void => settle(new Error('the connection was closed'))
    const take = (chunk: Buffer): void => {
      answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk])
      if (answer.length < length) return
      const fits = expected.every((byte, index) => answer[index] === byte)
      settle(fits ? undefined : new Error(`answered ${answer.toString('hex')}`))
    }
    socket.on('data', take).on('error', settle).on('close', closed)
    socket.write(question)
  })
}
