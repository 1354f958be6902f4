import { oauthToken } from '../token/auth-token.ts'
import { tokenFailure } from '../token/token-failure.ts'
import type { AuthenticationType, FindHeaders } from './authentication-type.ts'
import { requiredProperties, tokenServiceProperties } from './required-properties.ts'

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange'

/**
 * Exchanges tokens that the caller sends (RFC 8693). They may be of any kind, so the token service alone judges them.
 * `audience`, `resource` and `requested_token_type` are set with `tokenService.body.`; the URL is always dedicated.
 */
export const oauth2TokenExchange: AuthenticationType = {
  name: 'OAuth2TokenExchange',
  proxyTypes: ['Internet', 'OnPremise'],
  validate: (properties) => requiredProperties(properties, tokenServiceProperties),
  async tokens(context) {
    const parameters = exchanged(context.headers)
    const granted = await context.cached(parameters.flat(), () =>
      context.request(
        { tenant: '', parameters: [['grant_type', grantType], ...parameters], withScope: true, dedicated: true },
        [context.headers.subjectToken ?? '', context.headers.actorToken ?? ''],
      ),
    )
    return [oauthToken(granted, context.nowMs())]
  },
}

function exchanged(headers: FindHeaders): [string, string][] {
  const { subjectToken, subjectTokenType, actorToken, actorTokenType } = headers
  if (subjectToken === undefined) throw tokenFailure('You must send the X-subject-token header')
  if (subjectTokenType === undefined) throw tokenFailure('You must send the X-subject-token-type header')
  const subject: [string, string][] = [
    ['subject_token', subjectToken],
    ['subject_token_type', subjectTokenType],
  ]
  if (actorToken === undefined && actorTokenType === undefined) return subject
  if (actorToken === undefined || actorTokenType === undefined)
    throw tokenFailure('You must send the headers X-actor-token and X-actor-token-type together')
  return [...subject, ['actor_token', actorToken], ['actor_token_type', actorTokenType]]
}
