import type { OAuthClient, Tenant } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import { parameter } from './parameters.ts'
import type { TokenService } from './service.ts'
import type { WebRequest } from './web.ts'

/**
 * The tenant that a request names: by ID in a parameter, else by the subdomain of its host. Undefined when it names none.
 * @throws PlatformError OAUTH_TENANT_UNKNOWN: a wrong name must never fall back to another tenant.
 */
export async function namedTenant(service: TokenService, request: WebRequest): Promise<Tenant | undefined> {
  const id = service.tenantIdOf(request)
  if (id !== '') return known(await service.tenants.tenantById(id))
  const subdomain = service.domain.subdomainOf(request.host)
  return subdomain === undefined ? undefined : known(await service.tenants.tenantBySubdomain(subdomain))
}

/** How clients of an XSUAA name a tenant: `x-zid` or `zid`. */
export function zoneIdOf(request: WebRequest): string {
  return request.header('x-zid') || parameter(request.form, 'zid') || parameter(request.query, 'zid')
}

/**
 * The named tenant, or the client's own.
 * @throws PlatformError OAUTH_TENANT_UNKNOWN, OAUTH_TENANT_FORBIDDEN
 */
export async function tenantFor(service: TokenService, request: WebRequest, client: OAuthClient): Promise<Tenant> {
  const tenant = (await namedTenant(service, request)) ?? known(await service.tenants.tenantById(client.subaccountId))
  return permitted(service, client, tenant)
}

/**
 * The tenant of an earlier login, for which a code or refresh token is redeemed: what was permitted then may have ended.
 * @throws PlatformError OAUTH_GRANT_INVALID, OAUTH_TENANT_FORBIDDEN
 */
export async function tenantOfGrant(service: TokenService, id: string, client: OAuthClient): Promise<Tenant> {
  const tenant = await service.tenants.tenantById(id)
  if (tenant === undefined)
    throw new PlatformError('OAUTH_GRANT_INVALID', { reason: 'the tenant of the login is gone' })
  return permitted(service, client, tenant)
}

async function permitted(service: TokenService, client: OAuthClient, tenant: Tenant): Promise<Tenant> {
  if (tenant.id !== client.subaccountId && !(await service.mayActIn(client, tenant)))
    throw new PlatformError('OAUTH_TENANT_FORBIDDEN', { clientId: client.clientId, tenantId: tenant.id })
  return tenant
}

function known(tenant: Tenant | undefined): Tenant {
  if (tenant === undefined) throw new PlatformError('OAUTH_TENANT_UNKNOWN')
  return tenant
}
