import { oauthToken } from '../token/auth-token.ts'
import { isCommon } from '../token/token-url.ts'
import type { AuthenticationType } from './authentication-type.ts'
import { requiredProperties, tokenServiceProperties } from './required-properties.ts'

const header = 'SAP-Connectivity-Technical-Authentication'

/**
 * Guide L9469-9781: a technical user's token for the Cloud Connector, which the caller hands to the connectivity proxy.
 * The token service itself is on the Internet, although the destination is on-premise (L9505-9509).
 */
export const oauth2TechnicalUserPropagation: AuthenticationType = {
  name: 'OAuth2TechnicalUserPropagation',
  proxyTypes: ['OnPremise'],
  validate: (properties) => requiredProperties(properties, tokenServiceProperties),
  async tokens(context) {
    const { headers, caller, properties } = context
    const tenant = isCommon(properties) ? (headers.tenant ?? caller.subdomain) : ''
    const granted = await context.cached([tenant], () =>
      context.request({
        tenant,
        parameters: [['grant_type', 'client_credentials']],
        withScope: true,
        direct: true,
      }),
    )
    const token = oauthToken(granted, context.nowMs())
    return [{ ...token, http_header: { ...token.http_header, key: header } }]
  },
}
