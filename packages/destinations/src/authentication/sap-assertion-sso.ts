import { createPrivateKey, X509Certificate } from 'node:crypto'
import { type Properties, present } from '../properties.ts'
import { type AssertionTicket, assertionTicket } from '../saml/assertion-ticket.ts'
import type { TicketDigest } from '../saml/detached-signature.ts'
import { textAt } from '../saml/json-lookup.ts'
import type { SigningKey } from '../saml/signing-key.ts'
import { tokenFailure } from '../token/token-failure.ts'
import type { AuthenticationType, TokenContext } from './authentication-type.ts'
import { requiredProperties } from './required-properties.ts'

const headerKey = 'MYSAPSSO2'
const required = ['IssuerSID', 'IssuerClient', 'RecipientSID', 'RecipientClient', 'Certificate', 'SigningKey']
const digests: ReadonlyMap<string, TicketDigest> = new Map([
  ['SHA-1', 'SHA-1'],
  ['SHA-256', 'SHA-256'],
])
/** A ticket travels in a header, and its units have 64 KiB at most. */
const longestValue = 256

/** Guide L8000-8187, deprecated: a ticket for an ABAP system, signed with the destination's own key. Never cached. */
export const sapAssertionSso: AuthenticationType = {
  name: 'SAPAssertionSSO',
  proxyTypes: ['Internet', 'OnPremise', 'PrivateLink'],
  validate: (properties) => requiredProperties(properties, required),
  async tokens(context) {
    const { properties, saml } = context
    const missing = requiredProperties(properties, required)
    if (missing.length > 0) throw tokenFailure(missing.join('; '))
    saml.deprecated('SAPAssertionSSO')
    const ticket = ticketOf(properties, await userOf(context))
    const value = assertionTicket(ticket, signingKey(properties), digest(properties), context.nowMs())
    return [{ type: headerKey, value, http_header: { key: headerKey, value } }]
  },
}

/** `SystemUser`, else the claim that `userIdSource` names, else the claim `user_name`. */
async function userOf(context: TokenContext): Promise<string> {
  const systemUser = present(context.properties, 'SystemUser')
  if (systemUser !== undefined) return systemUser
  const { claims } = await context.userToken()
  const source = present(context.properties, 'userIdSource')
  const user = (source === undefined ? undefined : textAt(claims, source)) ?? textAt(claims, 'user_name')
  if (user === undefined) throw tokenFailure('user ID could not be determined: the user token has no claim user_name')
  return user
}

function ticketOf(properties: Properties, user: string): AssertionTicket {
  const ticket = {
    user,
    issuerSid: properties.IssuerSID ?? '',
    issuerClient: properties.IssuerClient ?? '',
    recipientSid: properties.RecipientSID ?? '',
    recipientClient: properties.RecipientClient ?? '',
  }
  if (Object.values(ticket).some((value) => value.length > longestValue))
    throw tokenFailure(`user, systems and clients of a ticket have ${longestValue} characters at most`)
  return ticket
}

function signingKey(properties: Properties): SigningKey {
  const certificate = read(
    'Certificate',
    'an X.509 certificate',
    () => new X509Certificate(der(properties, 'Certificate')),
  )
  const privateKey = read('SigningKey', 'a private key (PKCS#8)', () =>
    createPrivateKey({ key: der(properties, 'SigningKey'), format: 'der', type: 'pkcs8' }),
  )
  if (!certificate.checkPrivateKey(privateKey)) throw tokenFailure('SigningKey is not the key of Certificate')
  return { certificate, privateKey }
}

/** Files of properties write `=` as `\=`, and exports carry that along (guide L8035-8066). */
function der(properties: Properties, name: string): Buffer {
  return Buffer.from((properties[name] ?? '').replaceAll('\\=', '='), 'base64')
}

function read<T>(name: string, what: string, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw tokenFailure(`the property ${name} is not ${what} in base64-encoded DER form`, cause)
  }
}

/** Old receivers know SHA-1 only, so the destination may ask for it. */
function digest(properties: Properties): TicketDigest | undefined {
  const wish = present(properties, 'signatureDigest')
  const found = wish === undefined ? undefined : digests.get(wish.toUpperCase())
  if (wish !== undefined && found === undefined) throw tokenFailure('signatureDigest must be SHA-1 or SHA-256')
  return found
}
