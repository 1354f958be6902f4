import rateLimit from '@fastify/rate-limit'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { callerOf } from './routes/level-routes.ts'

/**
 * Limits the requests of each service instance in each tenant, for the routes registered after it. Answers 429 with
 * `Retry-After` beyond the limit. Each replica counts for itself.
 * @param perMinute 0 means no limit
 */
export async function registerRateLimit(api: FastifyInstance, perMinute: number): Promise<void> {
  if (perMinute === 0) return
  const silent = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false }
  await api.register(rateLimit, {
    max: perMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => {
      const { scope } = callerOf(request)
      return `${scope.subaccountId} ${scope.instanceId}`
    },
    addHeaders: { ...silent, 'retry-after': true },
    addHeadersOnExceeding: silent,
    errorResponseBuilder: (_request, { max }) =>
      new PlatformError('DESTINATION_RATE_LIMITED', { reason: `more than ${max} in a minute` }),
  })
}
