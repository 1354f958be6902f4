import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { TlsOptions, Server as TlsServer } from 'node:tls'
import { WireSocket } from './wire-socket.ts'

export interface TestBackend {
  readonly port: number
  close(): Promise<void>
}

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void

/** An internal system that speaks HTTP as Node does; the server is there for events such as `upgrade`. */
export async function startHttpBackend(handler: HttpHandler): Promise<TestBackend & { readonly server: HttpServer }> {
  const server = createServer({ insecureHTTPParser: true }, handler)
  const running = await listen(server)
  return { ...running, server }
}

/** The same over TLS. */
export async function startHttpsBackend(
  options: TlsOptions,
  handler: HttpHandler,
): Promise<TestBackend & { readonly server: HttpsServer }> {
  const server = createHttpsServer(options, handler)
  const running = await listen(server)
  return { ...running, server }
}

/** A deadline for tests that would hang otherwise; never part of what is asserted. */
const patienceMs = 15_000

/** An internal system of bytes: the test takes its connections one by one and does what it likes with them. */
export interface WireBackend extends TestBackend {
  /** The next connection, in the order of their arrival. @throws Error when none comes within 15 seconds. */
  accept(): Promise<WireSocket>
  /** Connections so far. */
  readonly accepted: number
}

export async function startWireBackend(): Promise<WireBackend> {
  const waiting: WireSocket[] = []
  const takers: ((socket: WireSocket) => void)[] = []
  let accepted = 0
  const server = createTcpServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accepted++
    const wire = new WireSocket(socket)
    const taker = takers.shift()
    if (taker === undefined) waiting.push(wire)
    else taker(wire)
  })
  const running = await listen(server)
  return {
    ...running,
    accept() {
      const ready = waiting.shift()
      return ready === undefined ? nextOf(takers) : Promise.resolve(ready)
    },
    get accepted() {
      return accepted
    },
  }
}

function nextOf(takers: ((socket: WireSocket) => void)[]): Promise<WireSocket> {
  return new Promise((resolve, reject) => {
    const taker = (socket: WireSocket): void => {
      clearTimeout(timer)
      resolve(socket)
    }
    const timer = setTimeout(() => {
      takers.splice(takers.indexOf(taker), 1)
      reject(new Error('expected a connection of the connector, but none came'))
    }, patienceMs)
    takers.push(taker)
  })
}

async function listen(server: Server | TlsServer | HttpServer | HttpsServer): Promise<TestBackend> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
