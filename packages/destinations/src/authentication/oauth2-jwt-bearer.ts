import { oauthToken } from '../token/auth-token.ts'
import type { AuthenticationType } from './authentication-type.ts'
import { requiredProperties, tokenServiceProperties } from './required-properties.ts'

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** Guide L8434-8760: the user's token as assertion (RFC 7523), nothing else unless configured. */
export const oauth2JwtBearer: AuthenticationType = {
  name: 'OAuth2JWTBearer',
  proxyTypes: ['Internet', 'OnPremise'],
  validate: (properties) => requiredProperties(properties, tokenServiceProperties),
  async tokens(context) {
    const user = await context.userToken()
    const granted = await context.cached([user.raw], () =>
      context.request(
        {
          tenant: user.subdomain,
          parameters: [
            ['grant_type', grantType],
            ['assertion', user.raw],
          ],
          withScope: true,
        },
        [user.raw],
      ),
    )
    return [oauthToken(granted, context.nowMs())]
  },
}
