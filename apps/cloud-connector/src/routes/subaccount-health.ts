import { overviewOf, type SubaccountState } from '@landbridge/connector'
import { PlatformError, type Secret } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { type ApiContext, sendJson } from './context.ts'

/** How a subaccount does, for `landbridge status`. */
export interface SubaccountHealth {
  readonly regionHost: string
  readonly subaccount: string
  readonly locationID: string
  readonly state: SubaccountState
  /** What is wrong, for people; absent where nothing is. */
  readonly reason?: string
  /** Of the error catalogue: why there is no tunnel. With a refusal, the code of the cloud side. */
  readonly code?: string
}

export const subaccountHealthPath = '/health/subaccounts'

/**
 * Tells the command line of this machine how the subaccounts do. Readiness does not depend on it: an administrator has
 * to reach this port above all when the cloud side refuses. A shadow has none, its master serves them.
 */
export function subaccountHealthRoute(api: FastifyInstance, context: ApiContext, token: Secret): void {
  api.get(subaccountHealthPath, (request, reply) => {
    const given = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
    if (!token.matches(given)) throw new PlatformError('CONNECTOR_LOGIN_REQUIRED')
    return sendJson(reply, { subaccounts: subaccountHealth(context) })
  })
}

function subaccountHealth({ store, subaccounts, clock }: ApiContext): readonly SubaccountHealth[] {
  const { settings } = store.current
  if (settings.haRole === 'shadow') return []
  return Array.from(store.current.subaccounts.values(), (subaccount) => {
    const tunnel = subaccounts.status(subaccount)
    const at = { proxy: settings.httpsProxy, nowMs: clock.now() }
    const { state, subaccountCertificate } = overviewOf(subaccount, tunnel, at)
    const { regionHost, subaccountId, locationId: locationID } = subaccount
    const health = { regionHost, subaccount: subaccountId, locationID, state }
    if (state === 'connected' || state === 'disconnected') return health
    // A certificate that has ended explains every refusal.
    if (subaccountCertificate.status === 'red')
      return { ...health, reason: subaccountCertificate.cause ?? '', code: 'CONNECTOR_CERTIFICATE_EXPIRED' }
    const { failure, lastError: reason } = tunnel
    const code = failure?.refusal ?? failure?.code
    return { ...health, ...(reason === undefined ? {} : { reason }), ...(code === undefined ? {} : { code }) }
  })
}
