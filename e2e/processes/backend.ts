// Internal systems as a process: an HTTP server whose path says how it behaves, and a TCP server that echoes.
//   /echo/<text>   the text, repeated to 4 KiB, so that bytes of another answer would be noticed
//   /hold/<text>   the same, once the command `release` came
//   /never         no answer at all
//   /endless       1 GiB, as fast as it is read
//   /large         8 MiB
//   /deaf          reads nothing of the request body
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { serveCommands } from './commands.ts'

const bodyBytes = 4 * 1024
const endlessBytes = 1024 * 1024 * 1024
const block = Buffer.alloc(64 * 1024, 'x')

const held: (() => void)[] = []
const counts = { served: 0, held: 0, endlessSent: 0, endlessClosed: 0, connections: 0 }

serveCommands<{ httpPort: number; tcpPort: number }>(async (settings) => {
  const http = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, serve)
  http.on('connection', (socket) => count(socket))
  const tcp = createTcpServer({ allowHalfOpen: true }, (socket) => {
    count(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  const listen = (server: typeof tcp, port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host: '127.0.0.1', backlog: 4096 }, () => {
        resolve((server.address() as { port: number }).port)
      })
    })
  return {
    ready: { httpPort: await listen(http, settings.httpPort), tcpPort: await listen(tcp, settings.tcpPort) },
    commands: {
      counts: () => counts,
      release: () => {
        for (const answer of held.splice(0)) answer()
      },
    },
  }
})

function count(socket: Socket): void {
  counts.connections++
  socket.once('close', () => counts.connections--)
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  const [, kind, text = ''] = (request.url ?? '').split('/')
  request.on('error', () => {})
  response.on('error', () => {})
  switch (kind) {
    case 'echo':
      request.resume()
      return void request.once('end', () => answer(response, text))
    case 'hold':
      counts.held++
      held.push(() => answer(response, text))
      response.once('close', () => counts.held--)
      return
    case 'endless':
      return endless(response, endlessBytes)
    case 'large':
      return endless(response, 8 * 1024 * 1024)
    case 'deaf':
      return
    default:
      // never
      return
  }
}

function answer(response: ServerResponse, text: string): void {
  counts.served++
  response.end(text.repeat(Math.ceil(bodyBytes / text.length)))
}

function endless(response: ServerResponse, bytes: number): void {
  let left = bytes
  response.setHeader('content-length', left)
  response.once('close', () => counts.endlessClosed++)
  const write = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= block.length
      counts.endlessSent += block.length
      if (!response.write(block)) return void response.once('drain', write)
    }
    response.end()
  }
  write()
}
