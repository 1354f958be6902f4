import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'

/** Reading certificates of a level. None can be stored yet; clients ask all the same, for trust stores. */
export function certificateRoutes(api: FastifyInstance, path: string): void {
  const absent = async () => {
    throw new PlatformError('DESTINATION_NOT_FOUND')
  }
  api.get(path, async () => [])
  api.get(`${path}/:name`, absent)
  api.get(`${path}/:name/publicKeys`, absent)
  api.delete(`${path}/:name`, absent)
}
