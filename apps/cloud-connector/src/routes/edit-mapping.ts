import type { SystemMapping } from '@landbridge/access'
import { type AuditEvent, opensToAllClients, replaceMapping, subaccountOf, withSubaccount } from '@landbridge/connector'
import type { FastifyRequest } from 'fastify'
import { type ApiContext, parameters, subaccountIn } from './context.ts'
import { mappingIn } from './named-mapping.ts'

/**
 * Changes the mapping that the path names. Whoever empties its list of RFC clients opens the system to all of them: the
 * trail and the log say so, whichever operation it was.
 */
export async function editMapping(
  context: ApiContext,
  request: FastifyRequest,
  event: Pick<AuditEvent, 'category' | 'object'>,
  change: (mapping: SystemMapping) => SystemMapping,
): Promise<void> {
  const { store, log } = context
  const { regionHost, subaccountId } = subaccountIn(request, context)
  const opened = await store.change(request.actor, (current) => {
    const subaccount = subaccountOf(current, regionHost, subaccountId)
    const before = mappingIn(request, subaccount)
    const after = change(before)
    const opensToAll = opensToAllClients(before, after)
    return {
      next: withSubaccount(current, replaceMapping(subaccount, after)),
      audit: {
        ...event,
        action: 'update',
        subaccount: `${subaccountId}@${regionHost}`,
        ...(opensToAll ? { details: { opensToAllClients: true } } : {}),
      },
      result: opensToAll,
    }
  })
  if (opened) log.warn('mapping.opened-to-all-clients', { address: parameters(request).address, subaccountId })
}
