import { requiredParameter } from '../parameters.ts'
import { checkPassword } from '../password-check.ts'
import { type Grant, requestedScopes, targetOf } from './grant.ts'

/** RFC 6749 section 4.3: a token for a user whose password the client knows. */
export const password: Grant = async (service, request, by) => {
  const target = await targetOf(service, request, by)
  const user = await checkPassword(service, {
    userName: requiredParameter(request.form, 'username'),
    password: requiredParameter(request.form, 'password'),
    tenantId: target.tenant.id,
    remoteAddress: request.remoteAddress,
  })
  return service.issuer.forUser(target, {
    user,
    grantType: 'password',
    requestedScopes: requestedScopes(request),
    withRefreshToken: true,
  })
}
