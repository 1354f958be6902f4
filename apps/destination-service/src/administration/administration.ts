import {
  type CertificateStore,
  type ConfigurationTransactions,
  type DestinationStore,
  EndpointPolicy,
  type Probe,
} from '@landbridge/destinations'
import type { FastifyInstance } from 'fastify'
import { authenticate, type CallerOptions } from '../caller.ts'
import type { DestinationServiceConfig } from '../config.ts'
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
  readonly store: DestinationStore
  readonly ca?: string
}

const checkTimeoutMs = 10_000

/** Adds the administration below a path of its own: the published contract knows nothing of it. */
export async function addAdministration(
  api: FastifyInstance,
  options: ServiceOptions,
  { transactions, certificates, onPremiseProbe }: Administration,
): Promise<void> {
  const allow = options.config.allowedConnectionChecks ?? []
  const internet = internetProbe({
    policy: new EndpointPolicy({ privateAddresses: 'deny', allow }),
    certificates,
    ca: options.ca,
    timeoutMs: checkTimeoutMs,
  })
  await api.register(
    async (scope) => {
      scope.addHook('onRequest', async (request, reply) => {
        request.setDecorator('caller', await authenticate(options, request, reply))
      })
      administrationRoutes(scope, {
        store: options.store,
        transactions,
        certificates,
        probes: { internet, ...(onPremiseProbe === undefined ? {} : { onPremise: onPremiseProbe }) },
      })
    },
    { prefix: '/destination-administration/v1' },
  )
}
