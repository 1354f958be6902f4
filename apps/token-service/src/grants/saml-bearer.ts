import { createHash } from 'node:crypto'
import type { Tenant } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import { requiredParameter } from '../parameters.ts'
import { identityOfAssertion } from '../saml/asserted-user.ts'
import { checkUse } from '../saml/assertion-rules.ts'
import { refusedAssertion } from '../saml/refused.ts'
import { entityIdOf, tokenEndpointsOf } from '../saml/service-provider.ts'
import { readAssertion, verifiedAssertion } from '../saml/signed-assertion.ts'
import type { TokenService } from '../service.ts'
import type { UserIdentity } from '../user-identity.ts'
import type { WebRequest } from '../web.ts'
import { type Grant, requestedScopes, targetOf } from './grant.ts'

export const samlBearerType = 'urn:ietf:params:oauth:grant-type:saml2-bearer'

/** Assertions have a few kilobytes; many groups make them larger. */
const maximumBytes = 128 * 1024

/** RFC 7522: a token for the user whom an identity provider that is trusted in this tenant asserts. */
export const samlBearer: Grant = async (service, request, by) => {
  const target = await targetOf(service, request, by)
  checkAlias(service, request, target.tenant)
  const user = await proveAssertedUser(service, requiredParameter(request.form, 'assertion'), target.tenant)
  return service.issuer.forUser(target, {
    user,
    grantType: samlBearerType,
    requestedScopes: requestedScopes(request),
    withRefreshToken: false,
  })
}

/** The alias in the path, when there is one, names the tenant once more. */
function checkAlias(service: TokenService, request: WebRequest, tenant: Tenant): void {
  const alias = request.pathParameter('alias')
  if (alias !== '' && alias !== entityIdOf(service.domain, tenant))
    throw new PlatformError('OAUTH_REQUEST_INVALID', { reason: 'the alias in the path belongs to another tenant' })
}

async function proveAssertedUser(service: TokenService, encoded: string, tenant: Tenant): Promise<UserIdentity> {
  const { domain, samlIssuers, clock, singleUse } = service
  const unverified = readAssertion(decode(encoded))
  const issuer = samlIssuers.find(unverified.issuer, tenant.id)
  if (issuer === undefined) throw refusedAssertion('its issuer is not trusted in this tenant')
  const assertion = verifiedAssertion(unverified, samlIssuers.keysOf(issuer))
  const untilMs = checkUse(assertion, {
    entityId: entityIdOf(domain, tenant),
    recipients: tokenEndpointsOf(domain, tenant),
    nowMs: clock.now(),
  })
  const user = identityOfAssertion(assertion, issuer)
  // Last, so that a refused assertion is not remembered. IDs are unique for one issuer only.
  const id = createHash('sha256').update(JSON.stringify([issuer.entityId, assertion.getAttribute('ID')]))
  if (!(await singleUse.claim(`saml:${id.digest('base64url')}`, untilMs))) throw refusedAssertion('it was used before')
  return user
}

/** RFC 7522 section 2.1 wants base64url; base64 is common. */
function decode(encoded: string): string {
  const text = encoded.replace(/[\r\n]/g, '')
  if (text.length > (maximumBytes * 4) / 3 + 4) throw refusedAssertion('it is too large')
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) throw refusedAssertion('it is not base64')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'base64'))
  } catch (failure) {
    throw refusedAssertion('it is not in UTF-8', failure)
  }
}
