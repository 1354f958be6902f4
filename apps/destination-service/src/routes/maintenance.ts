import type { FastifyInstance } from 'fastify'
import { cachesCleared } from './documentation.ts'

/**
 * `DELETE /maintenance/v1/caches/ias`: forget which Identity Service instances belong to which service instances.
 * This service looks them up for every request, so there is nothing to forget.
 */
export function maintenanceRoutes(api: FastifyInstance): void {
  api.delete('/maintenance/v1/caches/ias', cachesCleared, async (_request, reply) => reply.code(200).send())
}
