import { type AuditLevel, auditLevels, defaultAuditLevel, subaccountOf, withSubaccount } from '@landbridge/connector'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalid } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import { type ApiContext, sendJson, sendNothing, subaccountIn } from './context.ts'

const connector = '/api/v1/configuration/connector/auditLogLevel'
const one = '/api/v1/configuration/subaccounts/:regionHost/:subaccount/auditLogLevel'

/** What goes to the audit trail, per subaccount and for the rest (guide L30001); the original has it in its pages only. */
export function auditLevelRoutes(api: FastifyInstance, context: ApiContext): void {
  const { store } = context
  api.get(connector, (_request, reply) =>
    sendJson(reply, { auditLogLevel: store.current.settings.auditLevel ?? defaultAuditLevel }),
  )
  api.put(connector, async (request, reply) => {
    const auditLevel = readLevel(request)
    await store.change(request.actor, (current) => ({
      next: { ...current, settings: { ...current.settings, auditLevel } },
      audit: { category: 'CrossAuditLogLevel', action: 'update', object: 'connector', details: { auditLevel } },
      result: undefined,
    }))
    return sendNothing(reply)
  })
  api.get(one, (request, reply) =>
    sendJson(reply, { auditLogLevel: subaccountIn(request, context).auditLevel ?? defaultAuditLevel }),
  )
  api.put(one, async (request, reply) => {
    const { regionHost, subaccountId } = subaccountIn(request, context)
    const auditLevel = readLevel(request)
    const subaccount = `${subaccountId}@${regionHost}`
    await store.change(request.actor, (current) => ({
      next: withSubaccount(current, { ...subaccountOf(current, regionHost, subaccountId), auditLevel }),
      audit: { category: 'AuditLogLevel', action: 'update', object: subaccount, subaccount, details: { auditLevel } },
      result: undefined,
    }))
    return sendNothing(reply)
  })
}

/** The guide writes the levels in capitals as well (guide L18525). */
function readLevel(request: FastifyRequest): AuditLevel {
  const wanted = readFields(request).required('auditLogLevel').toLowerCase()
  const level = auditLevels.find((candidate) => candidate.toLowerCase() === wanted)
  if (level === undefined) throw invalid('auditLogLevel', `must be one of ${auditLevels.join(', ')}`)
  return level
}
