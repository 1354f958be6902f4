import { createServer, type Server, type Socket } from 'node:net'
import { type Closeable, type Log, PlatformError } from '@landbridge/kernel'
import { RefusingGateway } from '@landbridge/rfc'
import { RfcError } from './rfc-error.ts'

export interface RfcForwarderOptions {
  /** Opens the way to the system, for each connection anew. */
  readonly open: (signal: AbortSignal) => Promise<Socket>
  /** 33NN, where NN is the system number that local clients use; 0: any free port. */
  readonly port: number
  readonly log: Log
}

export interface RfcForwarder extends Closeable {
  readonly port: number
}

/**
 * Listens on this machine and passes every connection on to the system of an RFC destination, so that any client of the
 * classic RFC protocol can use the tunnel: it connects to 127.0.0.1 with the system number of the port. A way that
 * cannot be opened is answered with the reason, in the form in which an ABAP gateway refuses a logon.
 * @throws PlatformError PORT_IN_USE
 */
export async function startRfcForwarder({ open, port, log }: RfcForwarderOptions): Promise<RfcForwarder> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    void forward(socket, open, log)
  })
  await listen(server, port)
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function forward(socket: Socket, open: RfcForwarderOptions['open'], log: Log): Promise<void> {
  const gone = new AbortController()
  const abort = (): void => gone.abort(new Error('the client is gone'))
  socket.once('close', abort)
  try {
    const remote = await open(gone.signal)
    socket.off('close', abort)
    join(socket, remote)
  } catch (failure) {
    if (socket.destroyed) return
    const text = failure instanceof Error ? failure.message : 'failed'
    log.warn('rfc.forward-failed', {
      reason: failure instanceof RfcError ? text : failure instanceof Error ? failure.name : '',
    })
    refuse(socket, text)
  }
}

function join(local: Socket, remote: Socket): void {
  const end = (): void => {
    local.destroy()
    remote.destroy()
  }
  for (const socket of [local, remote]) socket.setNoDelay(true).on('error', end).on('close', end)
  local.pipe(remote)
  remote.pipe(local)
  local.resume()
}

function refuse(socket: Socket, text: string): void {
  const gateway = new RefusingGateway(text, {
    toClient: (bytes) => void socket.write(bytes),
    refused: () => void socket.destroy(),
    finished: () => void socket.end(),
  })
  socket.on('data', (chunk: Buffer) => gateway.fromClient(chunk))
  socket.on('end', () => socket.end())
  socket.resume()
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const facts = { host: '127.0.0.1', port, setting: 'port' }
      reject(cause.code === 'EADDRINUSE' ? new PlatformError('PORT_IN_USE', facts, { cause }) : cause)
    })
    server.listen(port, '127.0.0.1', () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}
