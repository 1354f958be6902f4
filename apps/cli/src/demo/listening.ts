import type { Server as HttpServer } from 'node:http'
import type { Server } from 'node:net'
import { PlatformError } from '@landbridge/kernel'

/** Starts listening and returns the port. @throws PlatformError PORT_IN_USE naming the setting. */
export async function listenOn(server: Server, host: string, port: number, setting: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EADDRINUSE') throw new PlatformError('PORT_IN_USE', { host, port, setting }, { cause })
    throw cause
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** Stops listening and ends open connections. May be called twice. */
export async function closeServer(server: Server | HttpServer): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  if ('closeAllConnections' in server) server.closeAllConnections()
  await closed
}
