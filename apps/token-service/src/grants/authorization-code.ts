import { createHash, randomUUID } from 'node:crypto'
import { equalSecrets, PlatformError } from '@landbridge/kernel'
import { parameter, requiredParameter } from '../parameters.ts'
import type { TokenService } from '../service.ts'
import { tenantOfGrant } from '../tenant-of-request.ts'
import type { UserIdentity } from '../user-identity.ts'
import { type Grant, targetOf } from './grant.ts'

/** RFC 6749 section 4.1.2 recommends ten minutes at most; clients redeem at once. */
const codeLifetimeMs = 2 * 60_000

/** What a code stands for. */
export interface CodeGrant {
  readonly clientId: string
  readonly tenantId: string
  readonly redirectUri: string
  readonly user: UserIdentity
  readonly scopes: readonly string[]
  /** RFC 7636, method S256; '' when the client sent none. */
  readonly codeChallenge: string
  /** For the ID token (OpenID Connect Core section 3.1.2.1); '' when the client sent none. */
  readonly nonce: string
}

export function newCode(service: TokenService, grant: CodeGrant): Promise<string> {
  const value = { ...grant, codeId: randomUUID() }
  return service.sealed.seal('authorization-code', value, service.clock.now() + codeLifetimeMs)
}

/** RFC 6749 section 4.1.3 with PKCE: a code works once, for the client and the address that it was made for. */
export const authorizationCode: Grant = async (service, request, by) => {
  const code = requiredParameter(request.form, 'code')
  const grant = await service.sealed.open<CodeGrant & { codeId: string }>('authorization-code', code)
  if (grant === undefined) throw refused('the code is not valid or has expired')
  if (grant.clientId !== by.client.clientId) throw refused('the code was issued to another client')
  if (grant.redirectUri !== parameter(request.form, 'redirect_uri'))
    throw refused('"redirect_uri" differs from the login')
  checkVerifier(grant.codeChallenge, parameter(request.form, 'code_verifier'))
  const target = await targetOf(service, request, by)
  const tenant = await tenantOfGrant(service, grant.tenantId, by.client)
  // Last, so that a request with a mistake in it does not use the code up.
  if (!(await service.singleUse.claim(`code:${grant.codeId}`, service.clock.now() + 2 * codeLifetimeMs)))
    throw refused('the code was used before')
  return service.issuer.forUser(
    { ...target, tenant },
    {
      user: grant.user,
      grantType: 'authorization_code',
      requestedScopes: grant.scopes,
      withRefreshToken: true,
      nonce: grant.nonce,
    },
  )
}

function checkVerifier(challenge: string, verifier: string): void {
  if (challenge === '' && verifier === '') return
  const actual = createHash('sha256').update(verifier).digest('base64url')
  if (challenge === '' || !equalSecrets(actual, challenge)) throw refused('"code_verifier" does not fit the login')
}

function refused(reason: string): PlatformError {
  return new PlatformError('OAUTH_GRANT_INVALID', { reason })
}
