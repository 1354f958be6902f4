import { PlatformError } from '@landbridge/kernel'
import type { OperatorClient } from './operator-client.ts'

export interface InstanceRow {
  readonly id: string
  readonly service: string
  readonly plan: string
  readonly name: string
}

export interface BindingRow {
  readonly id: string
  readonly name: string
  readonly clientId: string
  readonly credentialType: string
}

/** The IDs by which the broker knows a service and its plan; the plan is the first one unless named. */
export interface CatalogIds {
  readonly service_id: string
  readonly plan_id: string
}

interface Catalog {
  readonly services: readonly {
    readonly id: string
    readonly name: string
    readonly plans: readonly { readonly id: string; readonly name: string }[]
  }[]
}

/** @throws PlatformError SERVICE_UNKNOWN */
export async function catalogIds(client: OperatorClient, service: string, plan?: string): Promise<CatalogIds> {
  const { services } = (await client.broker({ step: 'catalog', path: '/catalog' })) as Catalog
  const offered = services.find(({ name }) => name === service)
  if (offered === undefined)
    throw new PlatformError('SERVICE_UNKNOWN', { service, offered: services.map(({ name }) => name) })
  const chosen = plan === undefined ? offered.plans[0] : offered.plans.find(({ name }) => name === plan)
  if (chosen === undefined)
    throw new PlatformError('SERVICE_UNKNOWN', { service, plan, offered: offered.plans.map(({ name }) => name) })
  return { service_id: offered.id, plan_id: chosen.id }
}

export async function listInstances(client: OperatorClient, subaccountId: string): Promise<readonly InstanceRow[]> {
  const path = `/subaccounts/${subaccountId}/serviceInstances`
  return (await client.operator({ step: 'list service instances', path })) as readonly InstanceRow[]
}

export async function listBindings(client: OperatorClient, instanceId: string): Promise<readonly BindingRow[]> {
  const path = `/serviceInstances/${instanceId}/bindings`
  return (await client.operator({ step: 'list bindings', path })) as readonly BindingRow[]
}

/** The instance with this name. @throws PlatformError CLI_NAME_UNKNOWN naming those that exist */
export async function instanceNamed(client: OperatorClient, subaccountId: string, name: string): Promise<InstanceRow> {
  const all = await listInstances(client, subaccountId)
  const found = all.find((instance) => instance.name === name)
  if (found === undefined)
    throw new PlatformError('CLI_NAME_UNKNOWN', {
      kind: 'service instance',
      name,
      known: all.map((instance) => instance.name),
    })
  return found
}
