import { type CertificateCaller, callingClient, clientIdOf } from '@landbridge/certificates'
import type { OAuthClient, Tenant } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import { requestedScopes } from './grants/grant.ts'
import { parameter } from './parameters.ts'
import type { TokenService } from './service.ts'
import { namedTenant } from './tenant-of-request.ts'
import type { TokenAnswer } from './token-issuer.ts'
import type { WebRequest } from './web.ts'

/**
 * A technical token for a communication user who shows a client certificate and nothing else (RFC 8705 section 2).
 * `client_id` may be absent, the user's name or the client ID of the user's tokens.
 * @returns undefined when the request is one of an OAuth client: it has a secret, no certificate, or names a binding.
 * @throws PlatformError CLIENT_CERTIFICATE_REFUSED, CLIENT_CERTIFICATE_TENANT_MISSING, OAUTH_TENANT_UNKNOWN,
 *   OAUTH_SCOPE_INVALID
 */
export async function communicationUserToken(
  service: TokenService,
  request: WebRequest,
): Promise<TokenAnswer | undefined> {
  const { clientCertificates } = service
  const certificate = request.clientCertificate
  if (clientCertificates === undefined || certificate === undefined) return undefined
  if (request.header('authorization') !== '' || parameter(request.form, 'client_secret') !== '') return undefined
  const claimed = parameter(request.form, 'client_id')
  if (claimed !== '' && (await service.clients.findClient(claimed)) !== undefined) return undefined
  const tenant = await namedTenant(service, request)
  const caller = await clientCertificates.authenticateIn(tenant?.id, {
    certificate,
    remoteAddress: request.remoteAddress,
    ...(claimed === '' ? {} : { claimed }),
  })
  if (tenant === undefined) throw new PlatformError('OAUTH_TENANT_UNKNOWN')
  const answer = await issue(service, request, caller, tenant)
  service.log.debug('token-service.token.issued', () => ({
    grantType: 'client_credentials',
    communicationUser: caller.user.name,
  }))
  return answer
}

function issue(
  service: TokenService,
  request: WebRequest,
  { user, facts, patternId }: CertificateCaller,
  tenant: Tenant,
): Promise<TokenAnswer> {
  const clientId = clientIdOf(user)
  // The destination service asks anew which instance is its own; proxies read these claims only.
  const first = callingClient(user, 'connectivity') ?? callingClient(user, 'destination')
  const client: OAuthClient = {
    clientId,
    certificateThumbprints: [facts.thumbprint],
    subaccountId: user.subaccountId,
    instanceId: first?.instanceId ?? '',
    service: first?.service ?? '',
    plan: '',
    xsappname: clientId,
    redirectUris: [],
  }
  const extension = {
    communicationuser: user.name,
    ...(patternId === undefined ? {} : { certificatepattern: patternId }),
  }
  return service.issuer.forClient({ client, tenant, thumbprint: facts.thumbprint, extension }, requestedScopes(request))
}
