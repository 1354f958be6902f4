import type { TrustedIdp } from '@landbridge/connectivity-service'
import type { ExternalDirectory, ExternalRules, Tenant } from '@landbridge/identity'
import type { RunningTokenService } from '@landbridge/token-service'
import type { ExternalIssuer } from './external-issuers.ts'

/** Connectors of a subaccount trust the tokens that the platform issues for it. */
export async function ownIssuer(tokenService: RunningTokenService, tenant: Tenant): Promise<TrustedIdp> {
  return {
    id: '1',
    name: 'landbridge',
    description: 'Token service of this platform',
    issuer: tokenService.issuerOf(tenant.subdomain),
    jwks: await tokenService.ring.jwks(),
    enabled: true,
  }
}

/**
 * The external issuers that may speak for a subaccount, each with rules that tell its tenants from others.
 * @throws PlatformError TOKEN_KEYS_UNAVAILABLE: connectors then keep the list that they have
 */
export async function externalIdps(
  issuers: readonly ExternalIssuer[],
  tenant: Tenant,
  directory: ExternalDirectory,
): Promise<readonly TrustedIdp[]> {
  const idps: TrustedIdp[] = []
  for (const [index, { rules, keys }] of issuers.entries()) {
    const narrowed = await rulesFor(rules, tenant, directory)
    if (narrowed === undefined) continue
    const { keys: published } = await keys.keySet()
    idps.push({
      id: String(index + 2),
      name: new URL(rules.issuer).host,
      description: 'Configured by the operator of the platform',
      issuer: rules.issuer,
      jwks: { keys: published },
      enabled: true,
      rules: narrowed,
    })
  }
  return idps
}

/**
 * The rules for one subaccount, with IDs for all names: a connector can look up nothing, and other tenants are none of
 * its business. Undefined when the issuer never speaks for the subaccount.
 */
async function rulesFor(
  rules: ExternalRules,
  { id, subdomain }: Tenant,
  directory: ExternalDirectory,
): Promise<ExternalRules | undefined> {
  const isMeant = async (name: string): Promise<boolean> => (await directory.tenant(name))?.id === id
  const tenants: Record<string, string> = rules.tenants === undefined ? { [id]: id, [subdomain]: id } : {}
  for (const [claimed, name] of Object.entries(rules.tenants ?? {})) if (await isMeant(name)) tenants[claimed] = id
  const clients: Record<string, object> = {}
  for (const [clientId, { subaccount, instance }] of Object.entries(rules.clients)) {
    const home = instance === undefined ? undefined : (await directory.instance(instance))?.subaccountId
    if (subaccount === undefined ? home === id : await isMeant(subaccount)) clients[clientId] = { subaccount: id }
  }
  const { tenants: _all, subaccount, ...same } = rules
  const isDefault = subaccount !== undefined && (await isMeant(subaccount))
  if (!isDefault && Object.keys(tenants).length === 0 && Object.keys(clients).length === 0) return undefined
  return { ...same, tenants, clients, ...(isDefault ? { subaccount: id } : {}) }
}
