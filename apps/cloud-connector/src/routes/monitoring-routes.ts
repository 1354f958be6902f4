import type { Subaccount } from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { channelTypeJson } from '../wire/legacy-channel-json.ts'
import { recoveryJson, tunnelJson } from '../wire/subaccount-json.ts'
import { performanceJson, sinceTime, timeConsumersJson, usageJson } from '../wire/traffic-json.ts'
import { type ApiContext, sendJson } from './context.ts'

const base = '/api/monitoring'

/** What monitoring tools ask of a subaccount, of the master only (guide L29321). */
export function monitoringRoutes(api: FastifyInstance, context: ApiContext): void {
  const { subaccounts, channels, runtime } = context
  /** One list at one or more addresses: the guide and its clients write them in several ways. */
  const list = (paths: readonly string[], describe: (subaccount: Subaccount) => object): void => {
    for (const path of paths) api.get(`${base}/${path}`, (_request, reply) => sendSubaccounts(context, reply, describe))
  }
  list(['subaccounts'], (subaccount) => {
    const status = subaccounts.status(subaccount)
    const { connectedSinceMs, state } = status
    return {
      description: subaccount.description,
      displayName: subaccount.displayName === '' ? subaccount.subaccountId : subaccount.displayName,
      tunnel: {
        ...tunnelJson(subaccount, status, (id) => channels.status(subaccount, id)),
        connectedSince: state === 'Connected' ? sinceTime(connectedSinceMs) : '',
      },
      ...recoveryJson(subaccount),
    }
  })
  list(['connections/backends', 'connections/backend'], ({ subaccountId, regionHost }) => ({
    backendConnections: runtime
      .backendConnections(subaccountId, regionHost)
      .map(({ virtualBackend, internalBackend, protocol, idle, active }) => ({
        virtualBackend,
        internalBackend,
        protocol,
        idle,
        active,
      })),
  }))
  list(['connections/serviceChannels'], (subaccount) => ({
    serviceChannelConnections: Array.from(subaccount.channels.values())
      .filter((channel) => channel.enabled)
      .map((channel) => ({
        port: channel.port,
        typeDesc: channelTypeJson(channel),
        connections: channels.status(subaccount, channel.id).clients,
      })),
  }))
  list(['performance/backends'], ({ subaccountId, regionHost }) =>
    performanceJson(runtime.traffic(subaccountId, regionHost), context.clock.now()),
  )
  list(['performance/topTimeConsumers', 'performance/toptimeconsumers'], ({ subaccountId, regionHost }) =>
    timeConsumersJson(runtime.traffic(subaccountId, regionHost), context.clock.now()),
  )
  list(['usage'], (subaccount) =>
    usageJson(
      subaccount,
      runtime.traffic(subaccount.subaccountId, subaccount.regionHost),
      (id) => channels.status(subaccount, id),
      context.clock.now(),
    ),
  )
}

/** The envelope of all lists, with what one list says of each subaccount. */
function sendSubaccounts(
  { store }: ApiContext,
  reply: FastifyReply,
  describe: (subaccount: Subaccount) => object,
): FastifyReply {
  if (store.current.settings.haRole === 'shadow') throw new PlatformError('CONNECTOR_NOT_MASTER')
  const subaccounts = Array.from(store.current.subaccounts.values(), (subaccount) => ({
    ...describe(subaccount),
    regionHost: subaccount.regionHost,
    subaccount: subaccount.subaccountId,
    locationID: subaccount.locationId,
  }))
  return sendJson(reply, { subaccounts, version: 1 })
}
