import type { KeyUser } from '@landbridge/notifications'
import { keyUserRoles, type LocalUser, type RegistryRepository, rolesOf } from '@landbridge/registry'

type Users = Pick<RegistryRepository, 'listUsers' | 'listRoleCollections'>

/**
 * Who takes care of the certificates of a subaccount: its local users with a role that administers what certificates
 * are for. For certificates of the platform (empty ID): users of the platform with such a role. Users of other identity
 * providers are not known here; who is to be told of them is an IT contact.
 */
export async function findKeyUsers(repository: Users, subaccountId: string): Promise<readonly KeyUser[]> {
  const custom = await repository.listRoleCollections(subaccountId)
  const users = await repository.listUsers(subaccountId)
  return users.filter((user) => isKeyUser(user, custom)).map(({ id, userName, email }) => ({ id, userName, email }))
}

function isKeyUser({ roleCollections }: LocalUser, custom: Parameters<typeof rolesOf>[1]): boolean {
  const roles = rolesOf(roleCollections, custom)
  return keyUserRoles.some((role) => roles.has(role))
}
