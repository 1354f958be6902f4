import {
  type CloudCredentials,
  maxTunnelConnections,
  type NewSubaccount,
  type Subaccount,
  type SubaccountPatch,
} from '@landbridge/connector'
import { Secret } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { Fields, invalid, readCredentials, readRegionHost } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import { type Links, subaccountPath } from '../wire/links.ts'
import { subaccountItemJson, subaccountJson, withoutUnset } from '../wire/subaccount-json.ts'
import { type ApiContext, linksOf, sendJson, sendNothing, subaccountIn } from './context.ts'
import { recoveryRoutes } from './recovery-routes.ts'
import { trustRoutes } from './trust-routes.ts'

const collection = '/api/v1/configuration/subaccounts'
const one = `${collection}/:regionHost/:subaccount`
const maxLocationIdLength = 189

/** Subaccounts: pairing, properties, connection, certificate (guide L23684). */
export function subaccountRoutes(api: FastifyInstance, context: ApiContext): void {
  const { store, subaccounts, channels, config } = context
  const asTold = (json: object, subaccount: Subaccount): object =>
    config.omitEmptyTexts ? withoutUnset(json, subaccount) : json
  const shown = (subaccount: Subaccount, links: Links): object => {
    const stateOf = (id: number) => channels.status(subaccount, id)
    return asTold(subaccountJson(subaccount, subaccounts.status(subaccount), stateOf, links), subaccount)
  }
  api.get(collection, (request, reply) => {
    const links = linksOf(request, context)
    return sendJson(
      reply,
      Array.from(store.current.subaccounts.values(), (subaccount) =>
        asTold(subaccountItemJson(subaccount, links), subaccount),
      ),
    )
  })
  api.post(collection, async (request, reply) => {
    const added = await subaccounts.add(request.actor, readNewSubaccount(readFields(request)))
    const links = linksOf(request, context)
    const location = links.to(subaccountPath(added.regionHost, added.subaccountId))
    return sendJson(reply.header('location', location), shown(added, links), 201)
  })
  api.get(one, (request, reply) => {
    const subaccount = subaccountIn(request, context)
    return sendJson(reply, shown(subaccount, linksOf(request, context)))
  })
  api.put(one, async (request, reply) => {
    const address = subaccountIn(request, context)
    const edited = await subaccounts.edit(request.actor, address, readPatch(readFields(request)))
    return sendJson(reply, shown(edited, linksOf(request, context)))
  })
  api.delete(one, async (request, reply) => {
    await subaccounts.remove(request.actor, subaccountIn(request, context))
    return sendNothing(reply)
  })
  api.put(`${one}/state`, async (request, reply) => {
    const address = subaccountIn(request, context)
    await subaccounts.setConnected(request.actor, address, readFields(request).requiredFlag('connected'))
    return sendNothing(reply)
  })
  api.post(`${one}/validity`, async (request, reply) => {
    const address = subaccountIn(request, context)
    const renewed = await subaccounts.renew(request.actor, address, readRefresh(readFields(request), address))
    return sendJson(reply, shown(renewed, linksOf(request, context)))
  })
  recoveryRoutes(api, context, (request, reply, subaccount) =>
    sendJson(reply, shown(subaccount, linksOf(request, context))),
  )
  trustRoutes(api, context)
}

function readNewSubaccount(fields: Fields): NewSubaccount {
  const registration = fields.text('authenticationData')
  const source = registration === undefined ? fields : readRegistration(registration)
  return {
    regionHost: readRegionHost(source),
    subaccountId: source.required('subaccount'),
    credentials: {
      user: source.required('cloudUser'),
      password: new Secret(source.required('cloudPassword')),
    },
    displayName: fields.text('displayName') || (source === fields ? '' : (source.text('displayName') ?? '')),
    locationId: readLocationId(fields) ?? '',
    description: fields.description() ?? '',
    isManaged: fields.flag('isManaged') ?? false,
    autoCertRenewal: fields.flag('autoCertRenewal') ?? false,
    autoSyncTrust: false,
    loadSharing: fields.flag('loadSharing') ?? false,
    tunnelConnections: readConnections(fields),
  }
}

/**
 * Registration data of the cloud side: base64 of a JSON object with regionHost, subaccount, cloudUser, cloudPassword
 * (a code that works once) and displayName.
 */
function readRegistration(encoded: string): Fields {
  try {
    return new Fields(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')))
  } catch {
    throw invalid('authenticationData', 'is not the text that the cloud side offers for this purpose')
  }
}

/** The location ID travels in a SOCKS5 request and in URIs (guide L12590, L18829). */
function readLocationId(fields: Fields): string | undefined {
  const id = fields.text('locationID') ?? fields.text('locationId')
  if (id !== undefined && (id.length > maxLocationIdLength || !/^[A-Za-z0-9._~-]*$/.test(id)))
    throw invalid('locationID', 'may hold letters, digits, ".", "_", "~" and "-", at most 189 of them')
  return id
}

function readConnections(fields: Fields): number {
  return fields.count('tunnelConnections', maxTunnelConnections) ?? 1
}

/**
 * A user with a password, or registration data, which must be that of this subaccount: whoever pastes another's would
 * hand its code to the wrong place.
 */
function readRefresh(fields: Fields, { regionHost, subaccountId }: Subaccount): CloudCredentials {
  const registration = fields.text('authenticationData')
  if (registration === undefined) return readCredentials(fields)
  const data = readRegistration(registration)
  const isMeant =
    readRegionHost(data).toLowerCase() === regionHost.toLowerCase() &&
    data.required('subaccount').toLowerCase() === subaccountId.toLowerCase()
  if (!isMeant) throw invalid('authenticationData', 'is that of another subaccount')
  return { user: data.required('cloudUser'), password: new Secret(data.required('cloudPassword')) }
}

/** Absent: unchanged. Empty: back to the default (guide L23801). */
function readPatch(fields: Fields): SubaccountPatch {
  const displayName = fields.text('displayName')
  const locationId = readLocationId(fields)
  const description = fields.description()
  const autoCertRenewal = fields.flag('autoCertRenewal')
  return {
    ...(displayName === undefined ? {} : { displayName }),
    ...(locationId === undefined ? {} : { locationId }),
    ...(description === undefined ? {} : { description }),
    ...(autoCertRenewal === undefined ? {} : { autoCertRenewal }),
  }
}
