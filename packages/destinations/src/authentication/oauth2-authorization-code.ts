import { oauthToken } from '../token/auth-token.ts'
import { tokenFailure } from '../token/token-failure.ts'
import type { AuthenticationType } from './authentication-type.ts'
import { requiredProperties, tokenServiceProperties } from './required-properties.ts'

/** Guide L9218-9467: the caller did the login and brings the code, which works once: never cached, never repeated. */
export const oauth2AuthorizationCode: AuthenticationType = {
  name: 'OAuth2AuthorizationCode',
  proxyTypes: ['Internet', 'OnPremise'],
  validate: (properties) => requiredProperties(properties, tokenServiceProperties),
  async tokens(context) {
    const { code, redirectUri, codeVerifier } = context.headers
    if (code === undefined) throw tokenFailure('You must send the X-code header')
    const parameters: [string, string][] = [
      ['grant_type', 'authorization_code'],
      ['code', code],
    ]
    if (redirectUri !== undefined) parameters.push(['redirect_uri', redirectUri])
    if (codeVerifier !== undefined) parameters.push(['code_verifier', codeVerifier])
    const granted = await context.request({ tenant: context.caller.subdomain, parameters, withScope: true }, [
      code,
      codeVerifier ?? '',
    ])
    return [oauthToken(granted, context.nowMs())]
  },
}
