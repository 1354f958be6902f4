import { withTrustedApplications } from '@landbridge/connector'
import type { FastifyInstance } from 'fastify'
import { invalid } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import { type ApiContext, editSubaccount, sendJson, sendNothing, subaccountIn } from './context.ts'

const list = '/api/v1/configuration/subaccounts/:regionHost/:subaccount/trustedApplications'

/** Which applications may use the tunnel (guide L27605); the original has the list in its pages only. */
export function trustedApplicationRoutes(api: FastifyInstance, context: ApiContext): void {
  api.get(list, (request, reply) =>
    sendJson(reply, { applications: subaccountIn(request, context).trustedApplications ?? [] }),
  )
  api.put(list, async (request, reply) => {
    subaccountIn(request, context)
    const applications = readFields(request).list('applications')
    if (applications === undefined) throw invalid('applications', 'is missing')
    const event = { category: 'ApplicationTrust', action: 'update', object: 'trustedApplications' } as const
    await editSubaccount(context, request, event, (subaccount) => withTrustedApplications(subaccount, applications))
    return sendNothing(reply)
  })
}
