import type { Subaccount } from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { channelTypeJson } from '../wire/legacy-channel-json.ts'
import { tunnelJson } from '../wire/subaccount-json.ts'
import { type ApiContext, sendJson } from './context.ts'

const base = '/api/monitoring'

/** What monitoring tools ask, of the master only (guide L29321). */
export function monitoringRoutes(api: FastifyInstance, context: ApiContext): void {
  const { subaccounts, channels } = context
  api.get(`${base}/subaccounts`, (_request, reply) =>
    sendSubaccounts(context, reply, (subaccount) => ({
      description: subaccount.description,
      displayName: subaccount.displayName === '' ? subaccount.subaccountId : subaccount.displayName,
      tunnel: tunnelJson(subaccount, subaccounts.status(subaccount), (id) => channels.status(subaccount, id)),
    })),
  )
  api.get(`${base}/connections/serviceChannels`, (_request, reply) =>
    sendSubaccounts(context, reply, (subaccount) => ({
      serviceChannelConnections: Array.from(subaccount.channels.values())
        .filter((channel) => channel.enabled)
        .map((channel) => ({
          port: channel.port,
          typeDesc: channelTypeJson(channel),
          connections: channels.status(subaccount, channel.id).clients,
        })),
    })),
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
