import { bearerToken, scopesOf } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'
import type { TokenService } from './service.ts'
import type { WebAnswer, WebRequest } from './web.ts'

/** `GET /userinfo`: who the token speaks for. Custom attributes need the scope `user_attributes` (guide L13624). */
export async function userinfo(service: TokenService, request: WebRequest): Promise<WebAnswer> {
  const { claims, userName } = await service.verifier.verify(bearerToken(request.header('authorization')))
  if (service.domain.subdomainOfIssuer(claims.iss ?? '') === undefined) throw new PlatformError('TOKEN_ISSUER')
  if (userName === '') throw new PlatformError('TOKEN_CLAIMS', { claim: 'user_name' })
  const { user_id, user_name, email, given_name, family_name, origin } = claims
  const basics = {
    sub: user_id,
    user_id,
    user_name,
    name: [given_name, family_name].filter(Boolean).join(' '),
    given_name,
    family_name,
    email,
    origin,
    zid: claims.zid,
  }
  if (!scopesOf(claims).includes('user_attributes')) return { status: 200, body: basics }
  const system = claims['xs.system.attributes'] as Readonly<Record<string, unknown>> | undefined
  return {
    status: 200,
    body: {
      ...basics,
      user_attributes: {
        ...(claims['xs.user.attributes'] as object | undefined),
        'xs.saml.groups': system?.['xs.saml.groups'] ?? [],
      },
      roles: system?.['xs.rolecollections'] ?? [],
    },
  }
}
