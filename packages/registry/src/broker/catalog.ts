import { type ServiceName, servicePlans } from '../services/service-plan.ts'

/** A plan of the catalog with the service that it belongs to. */
export interface CatalogPlan {
  readonly service: ServiceName
  readonly plan: string
  readonly serviceId: string
  readonly planId: string
}

/** IDs of services and plans. Platforms keep them: they never change and never come twice. */
const ids: Readonly<Record<ServiceName, { readonly id: string; readonly plans: Readonly<Record<string, string>> }>> = {
  destination: {
    id: '9d2f7c52-5d0c-4b0e-8d7e-2f7a1c64d401',
    plans: { lite: '9d2f7c52-5d0c-4b0e-8d7e-2f7a1c64d411' },
  },
  connectivity: {
    id: '3b8ad3c7-90d4-4b53-a9c4-8f6d5e1b7a02',
    plans: { lite: '3b8ad3c7-90d4-4b53-a9c4-8f6d5e1b7a12' },
  },
  connectivity_proxy: {
    id: 'c61f0e94-77a2-49c1-b1bd-64b0d9e35f03',
    plans: { connectivity_proxy: 'c61f0e94-77a2-49c1-b1bd-64b0d9e35f13' },
  },
  provisioning: {
    id: '5a3f0d27-8c41-4e9a-b6d2-70c9e1f4a805',
    plans: { application: '5a3f0d27-8c41-4e9a-b6d2-70c9e1f4a815' },
  },
  identity: {
    id: '84d1c6f3-0b9e-4c57-a2f8-3e6d9b70c506',
    plans: { application: '84d1c6f3-0b9e-4c57-a2f8-3e6d9b70c516' },
  },
  xsuaa: {
    id: 'e07b4a1d-2c6e-4f38-9b55-d1a7c82f6e04',
    plans: {
      application: 'e07b4a1d-2c6e-4f38-9b55-d1a7c82f6e14',
      broker: 'e07b4a1d-2c6e-4f38-9b55-d1a7c82f6e24',
      apiaccess: 'e07b4a1d-2c6e-4f38-9b55-d1a7c82f6e34',
    },
  },
}

const descriptions: Readonly<Record<ServiceName, string>> = {
  destination: 'Where remote systems are and how to log on to them, found by name at run time.',
  connectivity: 'Calls systems in other networks through their Cloud Connector.',
  connectivity_proxy: 'Credentials with which a connectivity proxy serves one subaccount.',
  provisioning: 'Tells an application which subaccounts subscribe to it.',
  identity: 'OpenID Connect client of an application, in the way of SAP Cloud Identity Services.',
  xsuaa: 'OAuth client of an application: login of users and access tokens.',
}

const tags: Readonly<Record<ServiceName, readonly string[]>> = {
  destination: ['destination', 'conn', 'connsvc'],
  connectivity: ['connectivity', 'conn', 'connsvc'],
  connectivity_proxy: ['connectivity_proxy'],
  provisioning: ['saas', 'SaaS'],
  identity: ['identity', 'IAS'],
  xsuaa: ['xsuaa'],
}

const allPlans: readonly CatalogPlan[] = (Object.keys(servicePlans) as ServiceName[]).flatMap((service) =>
  servicePlans[service].map((plan) => ({
    service,
    plan,
    serviceId: ids[service].id,
    planId: ids[service].plans[plan] ?? '',
  })),
)

/** The plan with these IDs of the catalog. */
export function planById(serviceId: unknown, planId: unknown): CatalogPlan | undefined {
  return allPlans.find((offered) => offered.serviceId === serviceId && offered.planId === planId)
}

export function hasService(serviceId: unknown): boolean {
  return allPlans.some((offered) => offered.serviceId === serviceId)
}

export function planByName(service: string, plan: string): CatalogPlan | undefined {
  return allPlans.find((offered) => offered.service === service && offered.plan === plan)
}

/** The answer of `GET /v2/catalog` (Open Service Broker API 2.17, "Catalog Management"). */
export function brokerCatalog(): object {
  const services = (Object.keys(servicePlans) as ServiceName[]).map((service) => ({
    id: ids[service].id,
    name: service,
    description: descriptions[service],
    tags: tags[service],
    bindable: true,
    instances_retrievable: true,
    bindings_retrievable: true,
    plan_updateable: false,
    plans: allPlans
      .filter((offered) => offered.service === service)
      .map(({ plan, planId }) => ({
        id: planId,
        name: plan,
        description: `${service} ${plan}`,
        free: true,
        bindable: true,
      })),
  }))
  return { services }
}
