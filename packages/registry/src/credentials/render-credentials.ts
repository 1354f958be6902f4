import { PlatformError } from '@landbridge/kernel'
import type { Binding } from '../services/binding.ts'
import { identityCredentialType } from '../services/identity-binding.ts'
import type { ServiceInstance } from '../services/service-instance.ts'
import type { Subaccount } from '../subaccounts/subaccount.ts'
import { certificateUrl, type IssuedClient, type PlatformEndpoints, tokenServiceUrl } from './endpoints.ts'

/** A binding with what it belongs to. */
export interface BoundService {
  readonly binding: Binding
  readonly instance: ServiceInstance
  readonly subaccount: Subaccount
}

/** The `credentials` object of a binding or service key. Holds the secret in clear: hand it out, never log it. */
export type Credentials = Readonly<Record<string, unknown>>

/**
 * Credentials as existing clients read them (guide L11553-11584, real-clients 1.1).
 * @throws PlatformError IDENTITY_SERVICE_OFF
 */
export function renderCredentials(bound: BoundService, endpoints: PlatformEndpoints): Credentials {
  switch (bound.instance.service) {
    case 'xsuaa':
      return xsuaaCredentials(bound, endpoints)
    case 'destination':
      return destinationCredentials(bound, endpoints)
    case 'connectivity':
      return connectivityCredentials(bound, endpoints)
    case 'connectivity_proxy':
      return proxyCredentials(bound, endpoints)
    case 'provisioning':
      return provisioningCredentials(bound, endpoints)
    case 'identity':
      return identityCredentials(bound, endpoints)
    default:
      throw new TypeError(`no credentials for ${bound.instance.service satisfies never}`)
  }
}

/** What the credentials of all services share. */
function clientCredentials(bound: BoundService, endpoints: PlatformEndpoints) {
  const { binding, instance, subaccount } = bound
  return {
    ...(endpoints.clientOf === undefined ? ownClient(binding) : issuedClient(endpoints.clientOf(bound))),
    url: tokenServiceUrl(subaccount.subdomain, endpoints),
    certurl: certificateUrl(subaccount.subdomain, endpoints),
    uaadomain: endpoints.uaaDomain,
    xsappname: instance.xsappname,
    identityzone: subaccount.subdomain,
    tenantid: subaccount.id,
    // Application routers serve the tenants of an application by this.
    tenantmode: instance.parameters['tenant-mode'] === 'shared' ? 'shared' : 'dedicated',
    ...(endpoints.verificationKey === undefined ? {} : { verificationkey: endpoints.verificationKey }),
    'credential-type': endpoints.clientOf === undefined ? binding.credentialType : 'binding-secret',
  }
}

function ownClient(binding: Binding): Credentials {
  return {
    clientid: binding.clientId,
    ...(binding.clientSecret === undefined ? {} : { clientsecret: binding.clientSecret.reveal() }),
    ...(binding.certificate === undefined ? {} : { certificate: binding.certificate }),
    ...(binding.privateKey === undefined ? {} : { key: binding.privateKey.reveal() }),
  }
}

/** Empty when nobody configured a client for the instance: the issuer knows none of ours. */
function issuedClient(client: IssuedClient | undefined): Credentials {
  if (client === undefined) return {}
  const { clientId, clientSecret } = client
  return { clientid: clientId, ...(clientSecret === undefined ? {} : { clientsecret: clientSecret.reveal() }) }
}

function xsuaaCredentials(bound: BoundService, endpoints: PlatformEndpoints): Credentials {
  return {
    ...clientCredentials(bound, endpoints),
    identityzoneid: bound.subaccount.id,
    subaccountid: bound.subaccount.id,
    zoneid: bound.subaccount.id,
    serviceInstanceId: bound.instance.id,
    sburl: `https://internal-xsuaa.${endpoints.uaaDomain}`,
    apiurl: `https://api.${endpoints.uaaDomain}`,
  }
}

function destinationCredentials(bound: BoundService, endpoints: PlatformEndpoints): Credentials {
  return {
    ...clientCredentials(bound, endpoints),
    uri: endpoints.destinationUri,
    instanceid: bound.instance.id,
  }
}

function connectivityCredentials(bound: BoundService, endpoints: PlatformEndpoints): Credentials {
  const { proxy } = endpoints
  return {
    ...clientCredentials(bound, endpoints),
    instanceid: bound.instance.id,
    // Without a path, although some real bindings have one: the guide appends /oauth/token (L12008), and libraries
    // that know the other form drop the path.
    token_service_url: tokenServiceUrl(bound.subaccount.subdomain, endpoints),
    token_service_domain: endpoints.uaaDomain,
    onpremise_proxy_host: proxy.host,
    onpremise_proxy_port: String(proxy.httpPort),
    onpremise_proxy_http_port: String(proxy.httpPort),
    onpremise_proxy_rfc_port: String(proxy.rfcLdapPort),
    onpremise_proxy_ldap_port: String(proxy.rfcLdapPort),
    onpremise_socks5_proxy_port: String(proxy.socks5Port),
  }
}

function provisioningCredentials(bound: BoundService, endpoints: PlatformEndpoints): Credentials {
  const { appName, appUrls } = bound.instance.parameters
  return {
    ...clientCredentials(bound, endpoints),
    instanceid: bound.instance.id,
    appName,
    // A text in bindings of the original, which frameworks parse.
    appUrls: JSON.stringify(appUrls),
  }
}

/**
 * No `xsappname` and no `uaadomain`: by their absence libraries tell the service. The URL must have no trailing slash and
 * be one label below `domains`, as "iss" of the tokens is.
 */
function identityCredentials(
  { binding, subaccount }: BoundService,
  { identityDomain }: PlatformEndpoints,
): Credentials {
  if (identityDomain === undefined) throw new PlatformError('IDENTITY_SERVICE_OFF', { bindingId: binding.id })
  const url = `https://${subaccount.subdomain}.${identityDomain}`
  return {
    ...ownClient(binding),
    url,
    domains: [identityDomain],
    domain: identityDomain,
    app_tid: subaccount.id,
    zone_uuid: subaccount.id,
    authorization_endpoint: `${url}/oauth2/authorize`,
    end_session_endpoint: `${url}/oauth2/logout`,
    'credential-type': identityCredentialType(binding),
  }
}

/** Where the token service of a tenant is: with somebody else's issuer nobody can tell. */
function ownPattern({ uaaDomain }: PlatformEndpoints): Credentials {
  return {
    token_service_url_pattern: `https://{tenant}.${uaaDomain}/oauth/token`,
    token_service_url_pattern_tenant_key: 'subaccount_subdomain',
  }
}

/** The service key that a connectivity proxy is paired with (guide L32507, connectivity-proxy 2.10). */
function proxyCredentials(bound: BoundService, endpoints: PlatformEndpoints): Credentials {
  return {
    ...clientCredentials(bound, endpoints),
    instanceid: bound.instance.id,
    connectivity_service: {
      url: endpoints.connectivityUri,
      api_path: '/api/v1',
      CAs_path: '/api/v1/CAs',
      tunnel_path: '/api/v1/tunnels',
    },
    subaccount_id: bound.subaccount.id,
    subaccount_subdomain: bound.subaccount.subdomain,
    token_service_url:
      endpoints.tokenEndpoint ?? `${tokenServiceUrl(bound.subaccount.subdomain, endpoints)}/oauth/token`,
    ...(endpoints.clientOf === undefined ? ownPattern(endpoints) : {}),
    token_service_domain: endpoints.uaaDomain,
  }
}
