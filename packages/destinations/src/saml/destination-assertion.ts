import type { VerifiedToken } from '@landbridge/identity'
import type { TokenContext } from '../authentication/authentication-type.ts'
import { flag, present } from '../properties.ts'
import { tokenFailure } from '../token/token-failure.ts'
import { type SignedAssertion, signedAssertion } from './assertion.ts'
import type { SigningKey } from './signing-key.ts'
import { assertionAttributes } from './user-attributes.ts'
import { propagatedUserId, unspecifiedFormat } from './user-id.ts'

/** Whom an assertion speaks of: the user of a token, or a fixed name. */
export type AssertedUser = { readonly token: VerifiedToken } | { readonly systemUser: string }

/**
 * Builds and signs the assertion that a destination describes.
 * @param defaultRecipient where `assertionRecipient` is not set
 * @throws PlatformError DESTINATION_TOKEN_FAILED
 */
export async function destinationAssertion(
  context: TokenContext,
  user: AssertedUser,
  key: SigningKey,
  defaultRecipient: string,
): Promise<SignedAssertion> {
  const { properties, saml } = context
  const custom = 'token' in user ? await saml.userInfo(user.token) : undefined
  const claims = 'token' in user ? user.token.claims : {}
  return signedAssertion(
    {
      issuer: present(properties, 'assertionIssuer') ?? saml.defaultIssuer,
      nameId: 'token' in user ? propagatedUserId(properties, claims, custom) : user.systemUser,
      nameIdFormat: present(properties, 'nameIdFormat') ?? unspecifiedFormat,
      nameQualifier: present(properties, 'nameQualifier'),
      recipient: present(properties, 'assertionRecipient') ?? defaultRecipient,
      audience: required(context, 'audience'),
      authnContextClassRef: required(context, 'authnContextClassRef'),
      attributes: assertionAttributes(properties, claims, custom),
    },
    key,
    context.nowMs(),
    flag(properties, 'includeSigningCertificateInSAMLAssertion', false),
  )
}

function required({ properties }: TokenContext, name: string): string {
  const value = present(properties, name)
  if (value === undefined) throw tokenFailure(`the property ${name} is missing`)
  return value
}
