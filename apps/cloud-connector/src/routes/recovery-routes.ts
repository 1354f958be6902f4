import type { Subaccount } from '@landbridge/connector'
import { Secret } from '@landbridge/kernel'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { invalid, readCredentials, readRegionHost } from '../body/fields.ts'
import { readFields } from '../body/read-body.ts'
import { subaccountPath } from '../wire/links.ts'
import { type ApiContext, linksOf, sendCreated, sendNothing, subaccountIn } from './context.ts'

const recovery = '/api/v1/configuration/subaccounts/:regionHost/:subaccount/recovery'

/**
 * A subaccount of the same ID in another region that can take the place of the first (guide L19515, L23923). Later
 * releases of the original have it no longer.
 * @param send answers with the whole subaccount.
 */
export function recoveryRoutes(
  api: FastifyInstance,
  context: ApiContext,
  send: (request: FastifyRequest, reply: FastifyReply, subaccount: Subaccount) => FastifyReply,
): void {
  const { subaccounts } = context
  api.post(recovery, async (request, reply) => {
    const address = subaccountIn(request, context)
    const fields = readFields(request)
    const regionHost = readRegionHost(fields)
    if (regionHost.toLowerCase() === address.regionHost.toLowerCase())
      throw invalid('regionHost', 'must be another region than that of the subaccount')
    const credentials = {
      user: fields.required('cloudUser'),
      password: new Secret(fields.required('cloudPassword')),
    }
    await subaccounts.addRecovery(request.actor, address, regionHost, credentials)
    // It has no address of its own: the subaccount shows it.
    return sendCreated(reply, linksOf(request, context).to(subaccountPath(address.regionHost, address.subaccountId)))
  })
  api.delete(recovery, async (request, reply) => {
    await subaccounts.removeRecovery(request.actor, subaccountIn(request, context))
    return sendNothing(reply)
  })
  api.post(`${recovery}/validity`, async (request, reply) => {
    const address = subaccountIn(request, context)
    subaccounts.requireRecovery(address)
    const renewed = await subaccounts.renewRecovery(request.actor, address, readCredentials(readFields(request)))
    return send(request, reply, renewed)
  })
  api.put(`${recovery}/state`, async (request, reply) => {
    const address = subaccountIn(request, context)
    subaccounts.requireRecovery(address)
    await subaccounts.setRecoveryActive(request.actor, address, readFields(request).requiredFlag('active'))
    return sendNothing(reply)
  })
  api.post(`${recovery}/takeover`, async (request, reply) => {
    await subaccounts.takeOver(request.actor, subaccountIn(request, context))
    return sendNothing(reply)
  })
}
