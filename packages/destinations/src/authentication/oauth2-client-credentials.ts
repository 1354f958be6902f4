import { oauthToken } from '../token/auth-token.ts'
import type { AuthenticationType } from './authentication-type.ts'
import { requestedTenant } from './requested-tenant.ts'
import { requiredProperties, tokenServiceProperties } from './required-properties.ts'

/** Guide L7359-7677: a token for the client itself, in the tenant that `X-tenant` names. */
export const oauth2ClientCredentials: AuthenticationType = {
  name: 'OAuth2ClientCredentials',
  proxyTypes: ['Internet', 'OnPremise'],
  validate: (properties) => requiredProperties(properties, tokenServiceProperties),
  async tokens(context) {
    const tenant = requestedTenant(context)
    const granted = await context.cached([tenant], () =>
      context.request({ tenant, parameters: [['grant_type', 'client_credentials']], withScope: true }),
    )
    return [oauthToken(granted, context.nowMs())]
  },
}
