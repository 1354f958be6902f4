import { type Properties, prefixed, present } from '../properties.ts'
import { type AssertedUser, destinationAssertion } from '../saml/destination-assertion.ts'
import { type GrantedToken, oauthToken } from '../token/auth-token.ts'
import { tokenFailure } from '../token/token-failure.ts'
import { tokenUrl } from '../token/token-url.ts'
import type { AuthenticationType, TokenContext } from './authentication-type.ts'
import { requiredProperties } from './required-properties.ts'

const grantType = 'urn:ietf:params:oauth:grant-type:saml2-bearer'
const queryPrefix = 'tokenServiceURL.queries.'

/** Guide L6891-7244: an assertion about the user, exchanged for an access token (RFC 7522). */
export const oauth2SamlBearerAssertion: AuthenticationType = {
  name: 'OAuth2SAMLBearerAssertion',
  proxyTypes: ['Internet', 'OnPremise'],
  // Audience and context are what an assertion of our own says.
  validate: (properties) =>
    requiredProperties(properties, [
      'clientKey',
      'tokenServiceURL',
      ...(takesProvided(properties) ? [] : ['audience', 'authnContextClassRef']),
    ]),
  async tokens(context) {
    const granted = takesProvided(context.properties) ? await exchangeProvided(context) : await exchangeOwn(context)
    return [oauthToken(granted, context.nowMs())]
  },
}

/** True when the assertion comes from outside: from the caller, or from the first step of a chain. */
export function takesProvided(properties: Properties): boolean {
  return present(properties, 'SAMLAssertionProvider')?.toLowerCase() === 'clientprovided'
}

/** Not cached: whoever brings an old assertion must not get the token of a good one. */
async function exchangeProvided(context: TokenContext): Promise<GrantedToken> {
  const { samlAssertion } = context.headers
  if (samlAssertion === undefined)
    throw tokenFailure('You must send the X-samlAssertion header when SAMLAssertionProvider is ClientProvided')
  return exchange(context, await tenantWithoutUser(context), samlAssertion)
}

async function exchangeOwn(context: TokenContext): Promise<GrantedToken> {
  const { properties, saml } = context
  const systemUser = present(properties, 'SystemUser')
  const user: AssertedUser = systemUser === undefined ? { token: await context.userToken() } : { systemUser }
  const tenant = 'token' in user ? user.token.subdomain : await tenantWithoutUser(context)
  const key = await saml.signingKey()
  const secret = 'token' in user ? user.token.raw : ''
  // With the certificate in it, the first call after a rotation already shows whether partners trust the new key.
  return context.cached([secret, tenant, key.certificate.fingerprint256], async () => {
    if ('systemUser' in user) saml.deprecated('SystemUser')
    const { xml } = await destinationAssertion(context, user, key, recipient(properties, tenant))
    return exchange(context, tenant, encoded(properties, xml), secret)
  })
}

function exchange(context: TokenContext, tenant: string, assertion: string, ...secrets: string[]) {
  const { properties } = context
  const clientKey = present(properties, 'clientKey')
  const companyId = present(properties, 'companyId')
  const inUrl = new URL(tokenUrl(properties, tenant)).searchParams.has('company_id')
  return context.request(
    {
      tenant,
      parameters: [
        ['grant_type', grantType],
        ['assertion', assertion],
        ...(clientKey === undefined ? [] : [['client_id', clientKey] as const]),
        ...(companyId === undefined || inUrl ? [] : [['company_id', companyId] as const]),
      ],
      withScope: true,
    },
    [assertion, ...secrets],
  )
}

/** Where no user is needed a sent user token still names the tenant (guide L13789-13793). */
async function tenantWithoutUser(context: TokenContext): Promise<string> {
  const token = context.headers.userToken === undefined ? context.caller : await context.userToken()
  return token.subdomain
}

/** The token service itself, under the name that it knows: without queries that the destination adds to a request. */
function recipient(properties: Properties, tenant: string): string {
  const added = new Set(prefixed(properties, queryPrefix).map(([key]) => `${queryPrefix}${key}`))
  return tokenUrl(Object.fromEntries(Object.entries(properties).filter(([key]) => !added.has(key))), tenant)
}

/** RFC 7522 section 2.1 asks for base64url; some token services know plain base64 only. */
function encoded(properties: Properties, xml: string): string {
  const plain = present(properties, 'samlAssertionEncoding')?.toLowerCase() === 'base64'
  return Buffer.from(xml, 'utf8').toString(plain ? 'base64' : 'base64url')
}
