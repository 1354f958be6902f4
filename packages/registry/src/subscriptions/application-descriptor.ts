import type { InstanceParameters } from '../services/service-instance.ts'

/** The application in a descriptor that gets the grants for callbacks (guide L16097). */
const provisioningGrantee = '$XSAPPNAME(application,sap-provisioning,tenant-onboarding)'
const ownScope = /^\$XSAPPNAME\.[\w.-]{1,100}$/

/** True for an application that says it serves its own subaccount only (guide L16088); one that says nothing does not. */
export function isDedicated(parameters: InstanceParameters): boolean {
  return parameters['tenant-mode'] === 'dedicated'
}

/**
 * The scopes that an application grants to the provisioning service, with its name filled in. Only scopes of its own: a
 * descriptor that "grants" somebody else's scope must not make the platform show it.
 */
export function scopesForProvisioning(xsappname: string, { scopes }: InstanceParameters): readonly string[] {
  if (!Array.isArray(scopes)) return []
  return scopes
    .filter((scope): scope is Grant => isGrant(scope) && ownScope.test(scope.name))
    .filter((scope) => scope['grant-as-authority-to-apps'].includes(provisioningGrantee))
    .map(({ name }) => name.replace('$XSAPPNAME', xsappname))
}

interface Grant {
  readonly name: string
  readonly 'grant-as-authority-to-apps': readonly unknown[]
}

function isGrant(value: unknown): value is Grant {
  if (typeof value !== 'object' || value === null || !('name' in value)) return false
  const grantees = 'grant-as-authority-to-apps' in value ? value['grant-as-authority-to-apps'] : undefined
  return typeof value.name === 'string' && Array.isArray(grantees)
}
