import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Target } from './attack.ts'

/** Bytes that are no HTTP, or HTTP that two readers could read differently. Each is sent on a connection of its own. */
export const rawRequests: readonly (string | Buffer)[] = [
  '\r\n\r\n\r\n',
  'GET\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  'GET / HTTP/1.1\r\n\r\n',
  'FOO / HTTP/1.1\r\nHost: x\r\n\r\n',
  'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET http://other/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n',
  'GET /%zz%ff?%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET //\\..\\ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  'POST / HTTP/1.1\r\nHost: x\r\nExpect: nonsense\r\nConnection: close\r\n\r\n',
  `GET / HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(200_000)}\r\n\r\n`,
  `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(20_000)}\r\n`,
  `GET /${'a'.repeat(200_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  'GET / HTTP/1.1\r\nHost: x\r\nA\0: b\r\n\r\n',
  'GET / HTTP/1.1\nHost: x\n\n',
  Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0x01, 0x00, 0x00]),
  Buffer.alloc(10_000, 0xff),
]

/** Sends bytes and resolves with everything that comes back until the service ends the connection. */
export async function sendRaw(target: Target, bytes: string | Buffer, longestMs = 20_000): Promise<string> {
  const url = new URL(target.url)
  const to = { host: '127.0.0.1', port: Number(url.port) }
  const socket: Socket =
    url.protocol === 'https:'
      ? connectTls({
          ...to,
          ALPNProtocols: ['http/1.1'],
          ...(target.ca === undefined ? {} : { ca: target.ca }),
          servername: target.serverName ?? 'localhost',
        })
      : connect(to)
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no end after ${longestMs} ms: ${JSON.stringify(String(bytes).slice(0, 100))}`))
    }, longestMs)
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    // A reset is a refusal as well.
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(pieces).toString('latin1'))
    })
    socket.end(bytes)
  })
}
