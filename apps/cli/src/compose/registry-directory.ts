import type { CalledInstance, ExternalDirectory } from '@landbridge/identity'
import type { TenantAccess } from '@landbridge/registry'
import type { RegistryStore } from '@landbridge/store'

/** Subaccounts and service instances as the configuration of external issuers names them. */
export function registryDirectory(registry: RegistryStore, access: TenantAccess): ExternalDirectory {
  const tenant = async (name: string) => (await registry.tenantById(name)) ?? (await registry.tenantBySubdomain(name))
  return {
    tenant,
    async instance(name): Promise<CalledInstance | undefined> {
      const slash = name.indexOf('/')
      if (slash < 0) return registry.findInstance(name)
      const owner = await registry.tenantBySubdomain(name.slice(0, slash))
      if (owner === undefined) return undefined
      return (await registry.listInstances(owner.id)).find((instance) => instance.name === name.slice(slash + 1))
    },
    mayActIn: ({ id, subaccountId, service }, to) => access.mayActIn({ instanceId: id, subaccountId, service }, to),
  }
}
