import type { VerifiedToken } from '@landbridge/identity'
import { present } from '../properties.ts'
import { type GrantedToken, oauthToken } from '../token/auth-token.ts'
import { tokenFailure } from '../token/token-failure.ts'
import { readAnswer } from '../token/token-response.ts'
import type { AuthenticationType, TokenContext } from './authentication-type.ts'
import { requiredProperties, tokenServiceProperties } from './required-properties.ts'

const firstStepFailed = 'Unable to fetch refresh token from the specified token service URL. Response was: '

/** Guide L7679-7998: a refresh token for the user's token first, then an access token for the refresh token. */
export const oauth2UserTokenExchange: AuthenticationType = {
  name: 'OAuth2UserTokenExchange',
  proxyTypes: ['Internet', 'OnPremise'],
  validate: (properties) => requiredProperties(properties, tokenServiceProperties),
  async tokens(context) {
    const user = await context.userToken()
    const granted = await context.cached([user.raw], () => exchange(context, user))
    return [oauthToken(granted, context.nowMs())]
  },
}

async function exchange(context: TokenContext, user: VerifiedToken): Promise<GrantedToken> {
  const first = await context.exchange({
    tenant: user.subdomain,
    authorization: `Bearer ${user.raw}`,
    parameters: [
      ['grant_type', 'user_token'],
      ['client_id', present(context.properties, 'clientId') ?? ''],
      ['response_type', 'token'],
    ],
    withScope: true,
  })
  const clean = (text: string) => first.clean(text).replaceAll(user.raw, '***')
  const { refresh_token: refreshToken } = readAnswer(first.response, clean, firstStepFailed)
  if (typeof refreshToken !== 'string' || refreshToken === '')
    throw tokenFailure(`${firstStepFailed}the answer contains no refresh_token`)
  return context.request(
    {
      tenant: user.subdomain,
      parameters: [
        ['grant_type', 'refresh_token'],
        ['refresh_token', refreshToken],
      ],
      withScope: false,
    },
    [user.raw, refreshToken],
  )
}
