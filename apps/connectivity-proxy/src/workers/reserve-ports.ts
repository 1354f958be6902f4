import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net'
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
  const probes: Server[] = []
  try {
    for (const { name, host, port, setting } of sharedListeners(config)) {
      const probe = await listenAt({ host, port }).catch((cause: unknown) => {
        const inUse = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
        throw inUse ? new PlatformError('PORT_IN_USE', { host, port, setting }, { cause }) : cause
      })
      // Kept until all are known: two proxies with one port are told as well, for their workers would not notice.
      probes.push(probe)
      ports[name] = (probe.address() as AddressInfo).port
    }
    return ports
  } finally {
    for (const probe of probes) await stop(probe)
  }
}

/** Systems without SO_REUSEPORT, and those where it does not spread connections, refuse the option. */
async function assertShareable(): Promise<void> {
  const probe = await listenAt({ host: '127.0.0.1', port: 0, reusePort: true }).catch((cause: unknown) => {
    throw new PlatformError('PROXY_WORKERS_UNSUPPORTED', { platform: process.platform }, { cause })
  })
  await stop(probe)
}

async function listenAt(place: ListenOptions): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(place, resolve))
  return server
}

function stop(server: Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve))
}
