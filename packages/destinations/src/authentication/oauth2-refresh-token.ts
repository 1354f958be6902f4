import { oauthToken } from '../token/auth-token.ts'
import { tokenFailure } from '../token/token-failure.ts'
import type { AuthenticationType } from './authentication-type.ts'
import { requiredProperties, tokenServiceProperties } from './required-properties.ts'

/** Guide L8991-9216: the caller keeps the refresh token. Not cached, for a rotated one must not be lost. */
export const oauth2RefreshToken: AuthenticationType = {
  name: 'OAuth2RefreshToken',
  proxyTypes: ['Internet', 'OnPremise'],
  validate: (properties) => requiredProperties(properties, tokenServiceProperties),
  async tokens(context) {
    const { refreshToken } = context.headers
    if (refreshToken === undefined) throw tokenFailure('You must send the X-refresh-token header')
    const granted = await context.request(
      {
        tenant: context.caller.subdomain,
        parameters: [
          ['grant_type', 'refresh_token'],
          ['refresh_token', refreshToken],
        ],
        withScope: true,
      },
      [refreshToken],
    )
    return [oauthToken(granted, context.nowMs())]
  },
}
