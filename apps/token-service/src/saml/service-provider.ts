import type { Tenant } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import type { TokenService } from '../service.ts'
import { namedTenant } from '../tenant-of-request.ts'
import type { UaaDomain } from '../uaa-domain.ts'
import type { WebAnswer, WebRequest } from '../web.ts'

export const aliasPath = '/oauth/token/alias/'

/** The name of a tenant as SAML service provider, `<subdomain>.<uaaDomain>`: the audience of assertions, and the alias. */
export function entityIdOf(domain: UaaDomain, tenant: Tenant): string {
  return `${tenant.subdomain}.${domain.name}`
}

/** The addresses of the token endpoint under which clients know it; an assertion names one as its recipient. */
export function tokenEndpointsOf(domain: UaaDomain, tenant: Tenant): readonly string[] {
  const certificateName = domain.name.replace('authentication.', 'authentication.cert.')
  // Machines that do not resolve names of tenants use the domain itself; the audience still names the tenant.
  const hosts = [domain.name, certificateName].flatMap((name) => [`${tenant.subdomain}.${name}`, name])
  const paths = ['/oauth/token', `${aliasPath}${entityIdOf(domain, tenant)}`]
  return hosts.flatMap((host) => paths.map((path) => `https://${host}${path}`))
}

/** `GET /saml/metadata`: what an identity provider must know of a tenant (guide L11095-L11105). */
export async function samlMetadata(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const tenant = await namedTenant(service, request)
  if (tenant === undefined) throw new PlatformError('OAUTH_TENANT_UNKNOWN')
  const entityId = entityIdOf(service.domain, tenant)
  const location = `${service.domain.urlOf(tenant.subdomain)}${aliasPath}${entityId}`
  // Nothing to escape: names of hosts and ports.
  const body = `<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}">
  <md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:URI" Location="${location}" index="1"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>
`
  return { status: 200, headers: { 'content-type': 'application/samlmetadata+xml; charset=utf-8' }, body }
}
