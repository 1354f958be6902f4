import { PlatformError } from '@landbridge/kernel'
import { authenticationName } from './authentication/authentication-name.ts'
import type { FindHeaders } from './authentication/authentication-type.ts'
import { takesProvided } from './authentication/oauth2-saml-bearer-assertion.ts'
import type { StoredDestination } from './destination-store.ts'
import type { FragmentWish } from './fragments.ts'
import { tokenFailure } from './token/token-failure.ts'

// A chain is two steps in one request: what one destination got is the input of another. They are predefined.

const samlBearerChain = 'com.sap.iasGeneratedOAuth2SamlBearerAssertion'
const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const prefix = 'x-chain-var-'
const variables: ReadonlySet<string> = new Set([
  'samlproviderdestinationname',
  'samlproviderfragmentname',
  'samlproviderfragmentoptional',
  'subjecttoken',
  'subjecttokentype',
])

/** What a request says about its chain. */
export interface ChainWish {
  /** Name of the destination that exchanges the subject token for a SAML assertion. */
  readonly providerName: string
  readonly fragments: FragmentWish
  /** What the provider's token request is made of. */
  readonly headers: Pick<FindHeaders, 'subjectToken' | 'subjectTokenType'>
}

/** A chain whose first destination was found. */
export interface Chain {
  readonly provider: StoredDestination
  readonly headers: ChainWish['headers']
}

/**
 * Reads the chain of a request: an identity service signs a SAML assertion about the user, and the destination that is
 * found sends it to its token service.
 * @param headers by lower-case name; an empty one counts as absent. Variables without a chain mean nothing.
 * @throws PlatformError DESTINATION_CHAIN_UNKNOWN or DESTINATION_HEADERS_INVALID
 */
export function readChain(headers: ReadonlyMap<string, string>): ChainWish | undefined {
  const name = headers.get('x-chain-name')
  if (name === undefined) return undefined
  if (name !== samlBearerChain)
    throw new PlatformError('DESTINATION_CHAIN_UNKNOWN', { parameter: 'X-chain-name', reason: name })
  for (const key of headers.keys())
    if (key.startsWith(prefix) && !variables.has(key.slice(prefix.length)))
      throw invalid(`${key} is no variable of the chain ${samlBearerChain}`)
  if (headers.has('x-samlassertion')) throw invalid('X-samlAssertion must not be sent together with X-chain-name')
  const value = (variable: string): string => {
    const text = headers.get(prefix + variable.toLowerCase())
    if (text === undefined) throw invalid(`X-chain-var-${variable} is missing for the chain ${samlBearerChain}`)
    return text
  }
  const subjectTokenType = value('subjectTokenType')
  if (subjectTokenType !== accessToken) throw invalid(`X-chain-var-subjectTokenType must be ${accessToken}`)
  return {
    providerName: value('samlProviderDestinationName'),
    fragments: {
      names: headers.get(`${prefix}samlproviderfragmentname`) ?? '',
      optional: headers.get(`${prefix}samlproviderfragmentoptional`)?.toLowerCase() === 'true',
    },
    headers: { subjectToken: value('subjectToken'), subjectTokenType },
  }
}

/** @throws PlatformError DESTINATION_TOKEN_FAILED when the two destinations cannot form a chain */
export function checkChain(consumer: StoredDestination, { provider }: Chain): void {
  if (authenticationName(consumer.properties) !== 'OAuth2SAMLBearerAssertion' || !takesProvided(consumer.properties))
    throw tokenFailure(
      `the destination ${consumer.name} cannot end a chain: it must use OAuth2SAMLBearerAssertion with SAMLAssertionProvider ClientProvided`,
    )
  if (authenticationName(provider.properties) !== 'OAuth2TokenExchange')
    throw tokenFailure(
      `the destination ${provider.name} cannot provide the assertion of a chain: it must use OAuth2TokenExchange`,
    )
}

function invalid(reason: string): PlatformError {
  return new PlatformError('DESTINATION_HEADERS_INVALID', { reason })
}
