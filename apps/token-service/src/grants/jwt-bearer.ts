import { requiredParameter } from '../parameters.ts'
import { proveUser } from '../user-token.ts'
import { type Grant, requestedScopes, targetOf } from './grant.ts'

export const jwtBearerType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/**
 * RFC 7523: exchanges a user token of any client of the tenant, or of a trusted identity provider, for one of the
 * calling client. The user stays the same.
 */
export const jwtBearer: Grant = async (service, request, by) => {
  const target = await targetOf(service, request, by)
  const { user, scopes } = await proveUser(service, requiredParameter(request.form, 'assertion'), target)
  return service.issuer.forUser(target, {
    user,
    grantType: jwtBearerType,
    requestedScopes: requestedScopes(request),
    generalScopes: scopes,
    withRefreshToken: false,
  })
}
