import {
  addRegion,
  type ConnectorSettings,
  type CustomRegion,
  removeRegion,
  replaceRegion,
} from '@landbridge/connector'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Fields, invalid, readRegionHost } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import { type ApiContext, parameters, sendJson, sendNothing } from './context.ts'

const collection = '/api/v1/landbridge/regions'
const one = `${collection}/:regionHost`
const maximumRegions = 200

/** The selection of regions when a subaccount is added: those of the configuration, and custom ones (guide L19596). */
export function regionListRoutes(api: FastifyInstance, context: ApiContext): void {
  api.get(collection, (_request, reply) => sendJson(reply, regionsOf(context)))
  api.post(collection, async (request, reply) => {
    const region = readRegion(readFields(request))
    await change(context, request, 'create', region.regionHost, (settings) => {
      if ((settings.customRegions?.length ?? 0) >= maximumRegions)
        throw invalid('regionHost', `would be more than ${maximumRegions} custom regions`)
      return addRegion(settings, region)
    })
    return sendJson(reply, { ...region, isCustom: true }, 201)
  })
  api.put(one, async (request, reply) => {
    const { regionHost = '' } = parameters(request)
    const region = readRegion(readFields(request))
    await change(context, request, 'update', regionHost, (settings) => replaceRegion(settings, regionHost, region))
    return sendJson(reply, { ...region, isCustom: true })
  })
  api.delete(one, async (request, reply) => {
    const { regionHost = '' } = parameters(request)
    await change(context, request, 'delete', regionHost, (settings) => removeRegion(settings, regionHost))
    return sendNothing(reply)
  })
}

/** A custom region takes the place of a predefined one with the same host. */
function regionsOf({ config, store }: ApiContext): readonly (CustomRegion & { readonly isCustom: boolean })[] {
  const custom = (store.current.settings.customRegions ?? []).map((region) => ({ ...region, isCustom: true }))
  const taken = new Set(custom.map(({ regionHost }) => regionHost.toLowerCase()))
  const predefined = Object.entries(config.regions)
    .filter(([regionHost]) => !taken.has(regionHost.toLowerCase()))
    .map(([regionHost, { name = regionHost }]) => ({ name, regionHost, isCustom: false }))
  return [...predefined, ...custom].sort((a, b) => a.name.localeCompare(b.name))
}

function readRegion(fields: Fields): CustomRegion {
  const name = fields.required('name').trim()
  if (name === '' || name.length > 100) throw invalid('name', 'must be a text of 1 to 100 characters')
  return { name, regionHost: readRegionHost(fields) }
}

function change(
  { store }: ApiContext,
  request: FastifyRequest,
  action: 'create' | 'update' | 'delete',
  regionHost: string,
  edit: (settings: ConnectorSettings) => ConnectorSettings,
): Promise<void> {
  return store.change(request.actor, (current) => ({
    next: { ...current, settings: edit(current.settings) },
    audit: { category: 'Configuration', action, object: `region ${regionHost.slice(0, 255)}` },
    result: undefined,
  }))
}
