import type { FastifyInstance } from 'fastify'
import { readFields } from '../body/read-body.ts'
import { readTraceFile, traceFilesOf } from '../trace/trace-files.ts'
import { type ApiContext, auditPage, parameters, sendJson, sendNothing, subaccountIn } from './context.ts'

const payloadTrace = '/api/v1/configuration/subaccounts/:regionHost/:subaccount/payloadTrace'
const view = '/api/v1/landbridge/subaccounts/:regionHost/:subaccount'
const defaultMinutes = 60
const maxMinutes = 24 * 60

/** Payload traces, and what a subaccount's pages show of traces and audit; the original has them in its pages only. */
export function traceRoutes(api: FastifyInstance, context: ApiContext): void {
  const { traces, trail, logDirectory } = context
  api.get(payloadTrace, (request, reply) => {
    const endsAtMs = traces.endOf(subaccountIn(request, context))
    return sendJson(
      reply,
      endsAtMs === undefined ? { enabled: false } : { enabled: true, endsAt: new Date(endsAtMs).toISOString() },
    )
  })
  api.put(payloadTrace, async (request, reply) => {
    const subaccount = subaccountIn(request, context)
    const fields = readFields(request)
    const minutes = fields.count('minutes', maxMinutes) ?? defaultMinutes
    if (fields.requiredFlag('enabled')) await traces.start(request.actor, subaccount, minutes)
    else await traces.stop(request.actor, subaccount)
    return sendNothing(reply)
  })
  api.get(`${view}/traces`, (request, reply) =>
    sendJson(
      reply,
      traceFilesOf(logDirectory, subaccountIn(request, context)).map(({ modifiedAtMs, ...file }) => ({
        ...file,
        modifiedAt: new Date(modifiedAtMs).toISOString(),
      })),
    ),
  )
  api.get(`${view}/traces/:file`, (request, reply) => {
    const content = readTraceFile(logDirectory, subaccountIn(request, context), parameters(request).file ?? '')
    return reply
      .header('content-type', 'text/plain; charset=utf-8')
      .header('content-disposition', 'attachment')
      .send(content)
  })
  api.get(`${view}/audit`, async (request, reply) => {
    const { subaccountId, regionHost } = subaccountIn(request, context)
    const { limit, before } = auditPage(request)
    return sendJson(reply, await trail.audit(limit, before, ['', subaccountId, `${subaccountId}@${regionHost}`]))
  })
}
