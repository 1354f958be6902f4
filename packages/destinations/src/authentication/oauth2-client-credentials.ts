import { oauthToken } from '../token/auth-token.ts'
import { tokenFailure } from '../token/token-failure.ts'
import { isCommon } from '../token/token-url.ts'
import type { AuthenticationType, TokenContext } from './authentication-type.ts'
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

/** `X-tenant` is needed exactly when the URL is common to all tenants (published contract, header X-tenant). */
function requestedTenant({ properties, headers }: TokenContext): string {
  if (isCommon(properties) && headers.tenant === undefined)
    throw tokenFailure('You must send the X-tenant header when the tokenServiceURLType property is Common')
  if (!isCommon(properties) && headers.tenant !== undefined)
    throw tokenFailure('You must not send the X-tenant header when the tokenServiceURLType property is Dedicated')
  return headers.tenant ?? ''
}
