/** A role collection of a subaccount or, with an empty subaccount ID, of the whole platform. */
export interface RoleCollection {
  readonly subaccountId: string
  readonly name: string
  readonly roles: readonly string[]
}

/** The role that may pair a connector, refresh its certificate and see connected connectors (guide L18666). */
export const cloudConnectorAdministrator = 'Cloud Connector Administrator'
const destinationAdministrator = 'Destination Administrator'
const destinationViewer = 'Destination Viewer'
const cloudConnectorAuditor = 'Cloud Connector Auditor'
const subaccountAdministrator = 'Subaccount Administrator'
const globalAccountAdministrator = 'Global Account Administrator'

/** Whoever has one of these is a key user for certificates: told when they are renewed or end. */
export const keyUserRoles: readonly string[] = [
  subaccountAdministrator,
  destinationAdministrator,
  cloudConnectorAdministrator,
  globalAccountAdministrator,
]

/** Role collections that exist everywhere (guide L594-611, L18666-18692). */
export const builtInRoleCollections: Readonly<Record<string, readonly string[]>> = {
  'Subaccount Administrator': [subaccountAdministrator, cloudConnectorAdministrator, destinationAdministrator],
  'Subaccount Viewer': [cloudConnectorAuditor, destinationViewer],
  'Cloud Connector Administrator': [cloudConnectorAdministrator],
  'Connectivity and Destination Administrator': [cloudConnectorAdministrator, destinationAdministrator],
  'Destination Administrator': [destinationAdministrator],
  // A member of the global account may connect connectors too (guide L18653, feature set A).
  'Global Account Administrator': [globalAccountAdministrator, cloudConnectorAdministrator],
}

/** The roles that these role collections give together. Unknown names give nothing. */
export function rolesOf(collections: readonly string[], custom: readonly RoleCollection[]): ReadonlySet<string> {
  const roles = new Set<string>()
  for (const name of collections) {
    const builtIn = Object.hasOwn(builtInRoleCollections, name) ? builtInRoleCollections[name] : undefined
    const own = custom.filter((collection) => collection.name === name).flatMap((collection) => collection.roles)
    for (const role of [...(builtIn ?? []), ...own]) roles.add(role)
  }
  return roles
}
