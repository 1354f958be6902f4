import { PlatformError } from '@landbridge/kernel'
import type { TokenService } from './service.ts'
import { identityOfUser, type UserIdentity } from './user-identity.ts'

/** Longer passwords are refused before they are hashed. */
const maximumLength = 1024

/** @throws PlatformError LOGIN_FAILED, LOGIN_THROTTLED */
export async function checkPassword(
  service: TokenService,
  login: { userName: string; password: string; tenantId: string; remoteAddress: string },
): Promise<UserIdentity> {
  const { userName, password, tenantId, remoteAddress } = login
  if (userName.length > maximumLength || password.length > maximumLength) throw new PlatformError('LOGIN_FAILED')
  const key = JSON.stringify([tenantId, userName.toLowerCase(), remoteAddress])
  const user = await service.throttle.attempt(key, () => service.users.authenticate(userName, password, tenantId))
  if (user === undefined) {
    service.log.info('token-service.login.failed', { tenantId, remoteAddress })
    throw new PlatformError('LOGIN_FAILED')
  }
  return identityOfUser(user)
}
