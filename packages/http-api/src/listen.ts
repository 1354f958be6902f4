import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'

/**
 * Starts listening and returns the port (useful with port 0).
 * @throws PlatformError PORT_IN_USE naming the setting to change.
 */
export async function listen(api: FastifyInstance, host: string, port: number, setting: string): Promise<number> {
  try {
    await api.listen({ host, port })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')
      throw new PlatformError('PORT_IN_USE', { host, port, setting }, { cause })
    throw cause
  }
  const address = api.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}
