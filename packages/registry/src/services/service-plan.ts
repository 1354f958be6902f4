import { PlatformError } from '@landbridge/kernel'

/** The services of the marketplace with the plans that each offers. The first plan is the default. No quota applies. */
export const servicePlans = {
  xsuaa: ['application', 'broker', 'apiaccess'],
  destination: ['lite'],
  connectivity: ['lite'],
  connectivity_proxy: ['connectivity_proxy'],
  provisioning: ['application'],
  identity: ['application'],
} as const satisfies Readonly<Record<string, readonly string[]>>

export type ServiceName = keyof typeof servicePlans

function isServiceName(name: string): name is ServiceName {
  return Object.hasOwn(servicePlans, name)
}

/**
 * Checks that a service offers a plan and fills in the default plan.
 *
 * The guide creates proxy credentials as `connectivity` with plan `connectivity_proxy` (L32507); that spelling means
 * the service `connectivity_proxy` here. Manifests of applications
 * know the provisioning service as `saas-registry`.
 * @throws PlatformError SERVICE_UNKNOWN listing what is offered.
 */
export function chooseServicePlan(service: string, plan?: string): { service: ServiceName; plan: string } {
  if (service === 'connectivity' && plan === 'connectivity_proxy')
    return { service: 'connectivity_proxy', plan: 'connectivity_proxy' }
  if (service === 'saas-registry') return chooseServicePlan('provisioning', plan)
  if (!isServiceName(service))
    throw new PlatformError('SERVICE_UNKNOWN', { service, plan, offered: Object.keys(servicePlans) })
  const offered: readonly string[] = servicePlans[service]
  const chosen = plan ?? offered[0]!
  if (!offered.includes(chosen)) throw new PlatformError('SERVICE_UNKNOWN', { service, plan: chosen, offered })
  return { service, plan: chosen }
}
