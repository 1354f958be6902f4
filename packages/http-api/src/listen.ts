import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'

/**
 * On `localhost` the framework listens on each of its addresses, by servers of its own making: what is set on ours, a
 * renewed certificate above all, would not reach those.
 */
function oneAddress(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host
}

/**
 * Starts listening, by one server: `localhost` is 127.0.0.1. Returns the port (useful with port 0).
 * @throws PlatformError PORT_IN_USE naming the setting to change.
 */
export async function listen(api: FastifyInstance, host: string, port: number, setting: string): Promise<number> {
  try {
    await api.listen({ host: oneAddress(host), port })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')
      throw new PlatformError('PORT_IN_USE', { host, port, setting }, { cause })
    throw cause
  }
  const address = api.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}
