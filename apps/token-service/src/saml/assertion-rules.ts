import { refusedAssertion } from './refused.ts'
import { samlNamespace } from './signed-assertion.ts'
import { attributeOf, childElements, childrenNamed, isNamed, onlyChild, textOf } from './xml-document.ts'
import type { XmlElement } from './xml-libraries.ts'

const bearer = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'
/** How far the clocks of identity providers may be off. */
const skewMs = 60_000
/** Conditions that we keep: every assertion is used once, and we issue no assertions on its base. */
const knownConditions = ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction']

/** Where and when an assertion must be valid. */
export interface AssertionUse {
  readonly entityId: string
  readonly recipients: readonly string[]
  readonly nowMs: number
}

/**
 * Applies the rules of RFC 7522 section 3 to an assertion whose signature is valid.
 * @returns until when it could be used, in ms: so long it must be remembered as used.
 * @throws PlatformError OAUTH_GRANT_INVALID
 */
export function checkUse(assertion: XmlElement, use: AssertionUse): number {
  const issued = timeOf(assertion, 'IssueInstant')
  if (issued === undefined || issued > use.nowMs + skewMs) throw refusedAssertion('it was issued in the future')
  checkConditions(assertion, use)
  return checkConfirmation(assertion, use)
}

function checkConditions(assertion: XmlElement, use: AssertionUse): void {
  const conditions = onlyChild(assertion, samlNamespace, 'Conditions')
  if (conditions === undefined) throw refusedAssertion('it has no conditions')
  if (!isTimely(conditions, use.nowMs)) throw refusedAssertion('it has expired or is not valid yet')
  const isKnown = (element: XmlElement): boolean =>
    knownConditions.some((name) => isNamed(element, samlNamespace, name))
  if (!childElements(conditions).every(isKnown)) throw refusedAssertion('it has a condition that is not understood')
  const restrictions = childrenNamed(conditions, samlNamespace, 'AudienceRestriction')
  const admits = (restriction: XmlElement): boolean =>
    childrenNamed(restriction, samlNamespace, 'Audience').some((audience) => textOf(audience) === use.entityId)
  // Each restriction narrows the others (SAML core section 2.5.1.4).
  if (restrictions.length === 0 || !restrictions.every(admits)) throw refusedAssertion('it is meant for somebody else')
}

function checkConfirmation(assertion: XmlElement, use: AssertionUse): number {
  const subject = onlyChild(assertion, samlNamespace, 'Subject')
  const confirmations = subject === undefined ? [] : childrenNamed(subject, samlNamespace, 'SubjectConfirmation')
  const data = confirmations
    .filter((confirmation) => attributeOf(confirmation, 'Method') === bearer)
    .flatMap((confirmation) => onlyChild(confirmation, samlNamespace, 'SubjectConfirmationData') ?? [])
    .filter((one) => timeOf(one, 'NotOnOrAfter') !== undefined)
  if (data.length === 0) throw refusedAssertion('it has no bearer confirmation that expires')
  const ours = data.filter((one) => use.recipients.includes(attributeOf(one, 'Recipient')))
  if (ours.length === 0) throw refusedAssertion('its recipient is not this token endpoint')
  if (!ours.some((one) => isTimely(one, use.nowMs))) throw refusedAssertion('it has expired or is not valid yet')
  return Math.max(...ours.map((one) => timeOf(one, 'NotOnOrAfter') ?? 0)) + skewMs
}

function isTimely(element: XmlElement, nowMs: number): boolean {
  const notBefore = timeOf(element, 'NotBefore') ?? Number.NEGATIVE_INFINITY
  const notOnOrAfter = timeOf(element, 'NotOnOrAfter') ?? Number.POSITIVE_INFINITY
  return notBefore <= nowMs + skewMs && nowMs < notOnOrAfter + skewMs
}

/** SAML core section 1.3.3: times are in UTC and say so. @throws PlatformError OAUTH_GRANT_INVALID */
function timeOf(element: XmlElement, name: string): number | undefined {
  if (!element.hasAttribute(name)) return undefined
  const text = attributeOf(element, name)
  const timeMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(timeMs)) throw refusedAssertion('it has a time that is not in UTC')
  return timeMs
}
