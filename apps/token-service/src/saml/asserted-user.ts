import { createHash } from 'node:crypto'
import type { UserIdentity } from '../user-identity.ts'
import { refusedAssertion } from './refused.ts'
import { samlNamespace } from './signed-assertion.ts'
import type { TrustedSamlIssuer } from './trusted-saml-issuers.ts'
import { attributeOf, childrenNamed, onlyChild, textOf } from './xml-document.ts'
import type { XmlElement } from './xml-libraries.ts'

const emailFormat = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'

/** Attributes that have a claim of their own; `given_name` and `family_name` are how destinations call them. */
const claimAttributes = {
  email: ['mail', 'email'],
  givenName: ['first_name', 'given_name'],
  familyName: ['last_name', 'family_name'],
  groups: ['Groups'],
} as const
const claimed: ReadonlySet<string> = new Set(Object.values(claimAttributes).flat())

/** The user of a verified assertion. Role collections are ours to give: an assertion cannot. @throws OAUTH_GRANT_INVALID */
export function identityOfAssertion(assertion: XmlElement, issuer: TrustedSamlIssuer): UserIdentity {
  const nameId = onlyChild(onlyChild(assertion, samlNamespace, 'Subject'), samlNamespace, 'NameID')
  const userName = textOf(nameId)
  if (userName === '') throw refusedAssertion('it names no user')
  const attributes = attributesOf(assertion)
  const valuesOf = (names: readonly string[]): readonly string[] => names.flatMap((name) => attributes.get(name) ?? [])
  const nameAsEmail = attributeOf(nameId, 'Format') === emailFormat ? userName : ''
  return {
    id: userId(issuer, userName),
    userName,
    email: valuesOf(claimAttributes.email)[0] ?? nameAsEmail,
    givenName: valuesOf(claimAttributes.givenName)[0] ?? '',
    familyName: valuesOf(claimAttributes.familyName)[0] ?? '',
    origin: issuer.origin,
    roleCollections: [],
    samlGroups: valuesOf(claimAttributes.groups),
    attributes: Object.fromEntries([...attributes].filter(([name]) => !claimed.has(name))),
    isLocal: false,
  }
}

function attributesOf(assertion: XmlElement): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  const statements = childrenNamed(assertion, samlNamespace, 'AttributeStatement')
  for (const attribute of statements.flatMap((one) => childrenNamed(one, samlNamespace, 'Attribute'))) {
    const name = attributeOf(attribute, 'Name')
    const values = childrenNamed(attribute, samlNamespace, 'AttributeValue').map((value) => textOf(value))
    found.set(name, [...(found.get(name) ?? []), ...values])
  }
  return found
}

/** The same for a user at every login, and never that of a user of another provider or of our directory. */
function userId({ subaccountId, origin }: TrustedSamlIssuer, userName: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([subaccountId, origin, userName]))
    .digest('hex')
  // RFC 9562 section 5.8: a UUID of our own making.
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}
