import { present } from '../properties.ts'
import { oauthToken } from '../token/auth-token.ts'
import { tokenFailure } from '../token/token-failure.ts'
import type { AuthenticationType } from './authentication-type.ts'
import { requiredProperties, tokenServiceProperties } from './required-properties.ts'

/** Guide L8189-8432: a token for a technical user (RFC 6749 section 4.3). The URL is always dedicated. */
export const oauth2Password: AuthenticationType = {
  name: 'OAuth2Password',
  proxyTypes: ['Internet', 'OnPremise'],
  validate: (properties) => requiredProperties(properties, [...tokenServiceProperties, 'User', 'Password']),
  async tokens(context) {
    const user = present(context.properties, 'User')
    const password = context.properties.Password
    if (user === undefined || password === undefined) throw tokenFailure('the destination has no User and Password')
    const granted = await context.cached([], () =>
      context.request({
        tenant: '',
        parameters: [
          ['grant_type', 'password'],
          ['username', user],
          ['password', password],
        ],
        withScope: true,
        dedicated: true,
      }),
    )
    return [oauthToken(granted, context.nowMs())]
  },
}
