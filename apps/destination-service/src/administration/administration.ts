import {
  type CertificateStore,
  type ConfigurationTransactions,
  type DestinationStore,
  EndpointPolicy,
  type Probe,
} from '@landbridge/destinations'
import type { Log } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { recordChanges } from '../audit.ts'
import { authenticate, type CallerOptions } from '../caller.ts'
import type { DestinationServiceConfig } from '../config.ts'
import { checkUserRoles, enforcedRoles, type RolesOf } from '../user-roles.ts'
import { administrationRoutes } from './administration-routes.ts'
import { internetProbe } from './internet-probe.ts'

/** What the administration needs besides the service's own options. */
export interface Administration {
  readonly transactions: ConfigurationTransactions
  /** Key stores for exports and trust stores for checks. */
  readonly certificates?: Pick<CertificateStore, 'find'>
  /** Reaches targets behind connectors. */
  readonly onPremiseProbe?: Probe
}

interface ServiceOptions extends CallerOptions {
  readonly config: DestinationServiceConfig
  readonly log: Log
  readonly store: DestinationStore
  readonly ca?: string
  readonly rolesOf?: RolesOf
}

const checkTimeoutMs = 10_000

/** Adds the administration below a path of its own: the published contract knows nothing of it. */
export async function addAdministration(
  api: FastifyInstance,
  options: ServiceOptions,
  { transactions, certificates, onPremiseProbe }: Administration,
): Promise<void> {
  const rolesOf = enforcedRoles(options)
  const allow = options.config.allowedConnectionChecks ?? []
  const internet = internetProbe({
    policy: new EndpointPolicy({ privateAddresses: 'deny', allow }),
    certificates,
    ca: options.ca,
    timeoutMs: checkTimeoutMs,
  })
  await api.register(
    async (scope) => {
      recordChanges(scope, options.log)
      scope.addHook('onRequest', async (request, reply) => {
        const caller = await authenticate(options, request, reply)
        request.setDecorator('caller', caller)
        if (rolesOf !== undefined) await checkUserRoles(rolesOf, caller, request)
      })
      administrationRoutes(scope, {
        store: options.store,
        transactions,
        certificates,
        ...(rolesOf === undefined ? {} : { rolesOf }),
        probes: { internet, ...(onPremiseProbe === undefined ? {} : { onPremise: onPremiseProbe }) },
      })
    },
    { prefix: '/destination-administration/v1' },
  )
}
