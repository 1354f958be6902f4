import { isHttp, isRfc, type SystemMapping } from '@landbridge/access'
import {
  type ChannelStatus,
  mappingKey,
  noUsage,
  type RequestRecord,
  type Subaccount,
  type SubaccountTraffic,
  type SystemTraffic,
  sumOf,
  type Usage,
} from '@landbridge/connector'
import { channelTypeJson } from './legacy-channel-json.ts'

/** A time as the monitoring API writes it, `2026-01-31T05:40:29.629 +0000`. @param epochMs milliseconds since 1970. */
export function sinceTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', ' +0000')
}

/** Calls by duration (guide L29508). Text and figure of the guide spell the bound in two ways: both are there. */
export function performanceJson(traffic: SubaccountTraffic | undefined, nowMs: number): object {
  const systems = traffic?.performance() ?? []
  return {
    backendPerformance: systems.map(({ virtualHost, virtualPort, protocol, buckets }) => ({
      virtualHost,
      virtualPort,
      protocol,
      buckets: buckets.map(({ calls, minimumMs }) => ({
        numberOfCalls: calls,
        minimumCallDurationMs: minimumMs,
        minimumCallDurationsMs: minimumMs,
      })),
    })),
    sinceTime: sinceTime(traffic?.performanceSinceMs ?? nowMs),
  }
}

/** The longest requests (guide L29556). */
export function timeConsumersJson(traffic: SubaccountTraffic | undefined, nowMs: number): object {
  const requests = traffic?.topTimeConsumers() ?? []
  return { requests: requests.map(requestJson), sinceTime: sinceTime(traffic?.topSinceMs ?? nowMs) }
}

/** One request. Times are whole milliseconds: whoever adds up the parts does not come above the total. */
export function requestJson(request: RequestRecord): object {
  const { virtualBackend, internalBackend, protocol, resource, user, sentBytes, receivedBytes } = request
  const parts = {
    externalTime: Math.floor(request.externalMs),
    genSsoTime: Math.floor(request.generateSsoMs),
    openRemoteTime: Math.floor(request.openRemoteMs),
    validateSsoTime: Math.floor(request.validateSsoMs),
    latencyTime: Math.floor(request.latencyMs),
  }
  const { externalTime, genSsoTime, openRemoteTime, validateSsoTime, latencyTime } = parts
  const totalTime = Math.floor(request.totalMs)
  return {
    startTime: sinceTime(Math.floor(request.startMs)),
    id: request.id,
    protocol,
    virtualBackend,
    internalBackend,
    resource,
    sentBytes,
    receivedBytes,
    user,
    totalTime,
    ...parts,
    validationSsoTime: validateSsoTime,
    internalTime: totalTime - externalTime - genSsoTime - openRemoteTime - validateSsoTime - latencyTime,
  }
}

/** What each exposed system and resource was used for (guide L29771). */
export function usageJson(
  { mappings, channels, regionHost, subaccountId }: Subaccount,
  traffic: SubaccountTraffic | undefined,
  channelStatus: (id: number) => ChannelStatus,
  nowMs: number,
): object {
  return {
    subaccountName: subaccountId,
    subaccountRegion: regionHost,
    usageStatistics: Array.from(mappings.values())
      .filter(({ protocol }) => isHttp(protocol) || isRfc(protocol))
      .map((mapping) => systemUsageJson(mapping, traffic)),
    serviceChannelUsageStatistics: Array.from(channels.values(), (channel) => {
      const { bytesReceived, bytesSent } = channelStatus(channel.id)
      return { port: channel.port, typeDesc: channelTypeJson(channel), bytesReceived, bytesSent }
    }),
    sinceTime: traffic?.usageSinceMs ?? nowMs,
  }
}

function systemUsageJson(mapping: SystemMapping, traffic: SubaccountTraffic | undefined): object {
  const { virtualHost, virtualPort, protocol } = mapping
  const system = traffic?.systems.get(mappingKey(virtualHost, virtualPort))
  const resources = mapping.resources.map(({ id, enabled }) => ({ id, enabled, usage: usageOf(system, id) }))
  return {
    virtualHost,
    virtualPort,
    protocol,
    ...countsJson(sumOf(resources.map(({ usage }) => usage))),
    resources: resources.map(({ id, enabled, usage }) => ({ resourceName: id, enabled, ...countsJson(usage) })),
  }
}

function usageOf(system: SystemTraffic | undefined, resource: string): Usage {
  return system?.usage.get(resource)?.read() ?? noUsage
}

function countsJson({ bytesReceived, bytesSent, calls, mostRecentAccessMs }: Usage): object {
  const known = { bytesReceived, bytesSent, calls }
  return mostRecentAccessMs === 0 ? known : { ...known, mostRecentAccess: mostRecentAccessMs }
}
