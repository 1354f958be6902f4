import {
  type AdvancedConnectivity,
  advancedConnectivityOf,
  type BackendConnectionMode,
  backendConnectionModes,
  type ConnectionLimit,
  maxTunnelConnections,
} from '@landbridge/connector'
import type { FastifyInstance } from 'fastify'
import { Fields, invalid } from '../body/fields.ts'
import { readFields, readJson } from '../body/read-body.ts'
import { type ApiContext, editSubaccount, sendJson, sendNothing, subaccountIn } from './context.ts'

const connector = '/api/v1/landbridge/connector/advancedConnectivity'
const limits = '/api/v1/landbridge/subaccounts/:regionHost/:subaccount/connectionLimits'
const maxThreads = 1_000
const maxLimits = 1_000

/** Physical tunnel connections, for all and per application (guide L27789, L27813); the original has it in its pages only. */
export function tunnelLimitRoutes(api: FastifyInstance, context: ApiContext): void {
  const { store } = context
  api.get(connector, (_request, reply) => sendJson(reply, advancedConnectivityOf(store.current.settings)))
  api.put(connector, async (request, reply) => {
    const fields = readFields(request)
    await store.change(request.actor, (current) => {
      const before = advancedConnectivityOf(current.settings)
      const advancedConnectivity: AdvancedConnectivity = {
        applicationTunnelConnections:
          fields.count('applicationTunnelConnections', maxTunnelConnections) ?? before.applicationTunnelConnections,
        tunnelWorkerThreads: fields.count('tunnelWorkerThreads', maxThreads) ?? before.tunnelWorkerThreads,
        protocolProcessorWorkerThreads:
          fields.count('protocolProcessorWorkerThreads', maxThreads) ?? before.protocolProcessorWorkerThreads,
        backendConnections: mode(fields) ?? before.backendConnections,
      }
      return {
        next: { ...current, settings: { ...current.settings, advancedConnectivity } },
        audit: {
          category: 'Configuration',
          action: 'update',
          object: 'connector/advancedConnectivity',
          details: { ...advancedConnectivity },
        },
        result: undefined,
      }
    })
    return sendNothing(reply)
  })
  api.get(limits, (request, reply) => sendJson(reply, subaccountIn(request, context).connectionLimits ?? []))
  api.put(limits, async (request, reply) => {
    const connectionLimits = readLimits(readJson(request))
    const event = { category: 'Account', action: 'update', object: 'connectionLimits' } as const
    await editSubaccount(context, request, event, (subaccount) => ({ ...subaccount, connectionLimits }))
    return sendNothing(reply)
  })
}

function readLimits(body: unknown): readonly ConnectionLimit[] {
  if (!Array.isArray(body) || body.length > maxLimits) throw invalid('body', `must be a list of at most ${maxLimits}`)
  const read = body.map((entry): ConnectionLimit => {
    const fields = new Fields(entry)
    const applicationName = fields.required('applicationName')
    if (applicationName.length > 256) throw invalid('applicationName', 'may have 256 characters at most')
    const connections = fields.count('connections', maxTunnelConnections)
    if (connections === undefined) throw invalid('connections', 'is required')
    return { applicationName, connections }
  })
  if (new Set(read.map(({ applicationName }) => applicationName)).size < read.length)
    throw invalid('applicationName', 'is there twice')
  return read
}

/** Undefined when absent. */
function mode(fields: Fields): BackendConnectionMode | undefined {
  const text = fields.text('backendConnections')
  const known = backendConnectionModes.find((name) => name === text)
  if (text !== undefined && known === undefined)
    throw invalid('backendConnections', `must be one of ${backendConnectionModes.join(', ')}`)
  return known
}
