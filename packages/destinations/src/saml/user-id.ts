import type { TokenClaims } from '@landbridge/identity'
import { type Properties, present } from '../properties.ts'
import { tokenFailure } from '../token/token-failure.ts'
import { textAt } from './json-lookup.ts'

export const unspecifiedFormat = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'
const emailFormat = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'

/** Where the user's name stands in his token when nothing else is configured. */
const claimOfFormat: ReadonlyMap<string, string> = new Map([
  [emailFormat, 'email'],
  [unspecifiedFormat, 'user_name'],
])

/**
 * The user ID that an assertion names (guide L13563-13637), from the token first, then from the custom attributes.
 * @param custom what the identity server tells; undefined when it may not be asked
 * @throws PlatformError DESTINATION_TOKEN_FAILED when there is none
 */
export function propagatedUserId(
  properties: Properties,
  claims: TokenClaims,
  custom: Readonly<Record<string, unknown>> | undefined,
): string {
  const source = present(properties, 'userIdSource')
  if (source === undefined) return idByFormat(properties, claims)
  const found = textAt(claims, source)
  if (found !== undefined) return found
  if (custom === undefined)
    throw tokenFailure(
      'user ID could not be determined: the token has no such field as userIdSource names, and its custom attributes ' +
        'cannot be read without the scope user_attributes',
    )
  const other = textAt(custom, source)
  if (other === undefined) throw tokenFailure('user ID could not be determined')
  return other
}

/** Without `userIdSource` the format decides alone: a missing claim does not fall through (guide L13601-13616). */
function idByFormat(properties: Properties, claims: TokenClaims): string {
  const claim = claimOfFormat.get(present(properties, 'nameIdFormat') ?? unspecifiedFormat)
  if (claim === undefined)
    throw tokenFailure('user ID could not be determined: this nameIdFormat needs the property userIdSource')
  const id = textAt(claims, claim)
  if (id === undefined) throw tokenFailure(`user ID could not be determined: the user token has no claim ${claim}`)
  return id
}
