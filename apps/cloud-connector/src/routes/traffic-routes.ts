import { mappingKey, type SubaccountTraffic, sumOf } from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fields } from '../body/fields.ts'
import { performanceJson, requestJson, timeConsumersJson } from '../wire/traffic-json.ts'
import { type ApiContext, parameters, sendJson, sendNothing, subaccountIn } from './context.ts'

const base = '/api/v1/landbridge/subaccounts/:regionHost/:subaccount/traffic'

/**
 * What the original shows in its pages only (guide L29110 to L29268): the most recent requests, throughput by the hour,
 * waiting connections, and starting over. One subaccount at a time.
 */
export function trafficRoutes(api: FastifyInstance, context: ApiContext): void {
  const { runtime, clock } = context
  const trafficOf = (request: FastifyRequest): SubaccountTraffic => {
    const { subaccountId, regionHost } = subaccountIn(request, context)
    const traffic = runtime.traffic(subaccountId, regionHost)
    if (traffic === undefined) throw new PlatformError('CONNECTOR_NOT_MASTER')
    return traffic
  }
  api.get(`${base}/requests`, (request, reply) => {
    const host = new Fields(request.query).text('virtualBackend')?.toLowerCase()
    const requests = trafficOf(request)
      .recentRequests()
      .filter(({ virtualBackend }) => host === undefined || virtualBackend.toLowerCase() === host)
    return sendJson(reply, { requests: requests.map(requestJson) })
  })
  api.get(`${base}/performance`, (request, reply) => sendJson(reply, performanceJson(trafficOf(request), clock.now())))
  api.get(`${base}/topTimeConsumers`, (request, reply) =>
    sendJson(reply, timeConsumersJson(trafficOf(request), clock.now())),
  )
  api.get(`${base}/usage/:virtualHost/:virtualPort`, (request, reply) => {
    const traffic = trafficOf(request)
    const { virtualHost = '', virtualPort = '' } = parameters(request)
    const { mappings } = subaccountIn(request, context)
    const mapping = mappings.get(mappingKey(virtualHost, virtualPort))
    if (mapping === undefined)
      throw new PlatformError('CONNECTOR_MAPPING_NOT_FOUND', { address: `${virtualHost}:${virtualPort}` })
    const system = traffic.systems.get(mappingKey(virtualHost, virtualPort))
    const used = Array.from(system?.usage ?? [], ([name, counter]) => ({ name, ...counter.read() }))
    const { bytesReceived, bytesSent, calls, mostRecentAccessMs } = sumOf(used)
    const called = new Set(used.filter((one) => one.calls > 0).map(({ name }) => name))
    const unused = mapping.resources.filter(({ id }) => !called.has(id))
    return sendJson(reply, {
      ...{ bytesReceived, bytesSent, calls },
      mostRecentAccess: mostRecentAccessMs === 0 ? null : mostRecentAccessMs,
      unusedResources: unused.map(({ id }) => id),
      hours: system?.hours(clock.now()) ?? [],
    })
  })
  api.get(`${base}/connections`, (request, reply) => {
    const { subaccountId, regionHost } = subaccountIn(request, context)
    return sendJson(reply, { connections: runtime.backendConnections(subaccountId, regionHost) })
  })
  const clear = (what: string, run: (traffic: SubaccountTraffic) => void): void => {
    api.delete(`${base}/${what}`, (request, reply) => {
      run(trafficOf(request))
      return sendNothing(reply)
    })
  }
  clear('performance', (traffic) => traffic.clearPerformance())
  clear('topTimeConsumers', (traffic) => traffic.clearTopTimeConsumers())
  clear('usage', (traffic) => traffic.clearUsage())
}
