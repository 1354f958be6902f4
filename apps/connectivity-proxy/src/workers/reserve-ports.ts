import { createServer } from 'node:net'
import { PlatformError } from '@landbridge/kernel'
import type { ConnectivityProxyConfig } from '../config.ts'
import { type SharedPorts, sharedListeners } from './worker-config.ts'

/**
 * Finds out whether the ports that workers share are free, which the workers cannot: a second proxy of the same user would
 * share them in silence. Any free port is chosen where the configuration says 0.
 * @throws PlatformError PORT_IN_USE, PROXY_WORKERS_UNSUPPORTED
 */
export async function reservePorts(config: ConnectivityProxyConfig): Promise<SharedPorts> {
  await assertShareable()
  const ports: Partial<Record<keyof SharedPorts, number>> = {}
  for (const { name, host, port, setting } of sharedListeners(config)) {
    ports[name] = await portOf({ host, port }).catch((cause: unknown) => {
      const inUse = codeOf(cause) === 'EADDRINUSE'
      throw inUse ? new PlatformError('PORT_IN_USE', { host, port, setting }, { cause }) : cause
    })
  }
  return ports
}

/** Systems without SO_REUSEPORT, or with one that does not spread connections, refuse it when somebody listens. */
async function assertShareable(): Promise<void> {
  await portOf({ host: '127.0.0.1', port: 0, reusePort: true }).catch((cause: unknown) => {
    throw new PlatformError('PROXY_WORKERS_UNSUPPORTED', { platform: process.platform }, { cause })
  })
}

/** Listens, and stops at once. @returns the port */
async function portOf(place: { host: string; port: number; reusePort?: boolean }): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(place, resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

function codeOf(failure: unknown): unknown {
  return failure instanceof Error && 'code' in failure ? failure.code : undefined
}
