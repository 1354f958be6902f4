import type { KeyObject } from 'node:crypto'
import { refusedAssertion } from './refused.ts'
import { allElements, attributeOf, childElements, isNamed, onlyChild, parseXml, textOf } from './xml-document.ts'
import { SignedXml, type XmlElement } from './xml-libraries.ts'

export const samlNamespace = 'urn:oasis:names:tc:SAML:2.0:assertion'
const signatureNamespace = 'http://www.w3.org/2000/09/xmldsig#'

const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
/** RSA with SHA-256 or better. SHA-1 is broken, and an HMAC would take the public key for a secret. */
const signatureMethods = [
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
]
const digestMethods = ['http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmlenc#sha512']

/** An assertion as it was sent. Nothing in it is true yet. */
export interface UnverifiedAssertion {
  readonly xml: string
  readonly root: XmlElement
  /** Whose keys to verify it with. */
  readonly issuer: string
}

/**
 * Reads a document that consists of one SAML 2.0 assertion (RFC 7522 section 2.1).
 * @throws PlatformError OAUTH_GRANT_INVALID
 */
export function readAssertion(xml: string): UnverifiedAssertion {
  const root = parseXml(xml)
  if (!isNamed(root, samlNamespace, 'Assertion')) throw refusedAssertion('it is not a SAML 2.0 assertion')
  if (attributeOf(root, 'Version') !== '2.0') throw refusedAssertion('it is not a SAML 2.0 assertion')
  return { xml, root, issuer: textOf(onlyChild(root, samlNamespace, 'Issuer')) }
}

/**
 * The assertion that the signature covers, parsed anew from the very bytes that were digested: what is returned cannot
 * differ from what was signed, however the document is arranged. Keys named inside the document count for nothing.
 * @throws PlatformError OAUTH_GRANT_INVALID
 */
export function verifiedAssertion({ xml, root }: UnverifiedAssertion, keys: readonly KeyObject[]): XmlElement {
  const id = attributeOf(root, 'ID')
  const signature = checkedSignature(root, id)
  const signed = keys.map((key) => signedBytes(xml, signature, key)).find((text) => text !== undefined)
  if (signed === undefined) throw refusedAssertion('its signature is not valid')
  const assertion = parseXml(signed)
  if (!isNamed(assertion, samlNamespace, 'Assertion') || attributeOf(assertion, 'ID') !== id)
    throw refusedAssertion('its signature covers something else')
  return assertion
}

/**
 * The one signature, a child of the one assertion, with the one shape that SAML allows (SAML core section 5.4). The
 * library searches by names; after this check each of its searches has one possible answer.
 */
function checkedSignature(root: XmlElement, id: string): XmlElement {
  const elements = allElements(root)
  if (elements.filter(({ localName }) => localName === 'Assertion').length !== 1)
    throw refusedAssertion('it holds more than one assertion')
  if (elements.filter(({ localName }) => localName === 'Signature').length > 1)
    throw refusedAssertion('it holds more than one signature')
  if (!/^[A-Za-z_][\w.-]*$/.test(id) || elements.filter((element) => isIdentifiedBy(element, id)).length !== 1)
    throw refusedAssertion('its ID is missing or not unique')
  const signature = onlyChild(root, signatureNamespace, 'Signature')
  if (signature === undefined) throw refusedAssertion('it is not signed')
  const [info, value, keyInfo, ...others] = childElements(signature)
  if (!isSignature(info, 'SignedInfo') || !isSignature(value, 'SignatureValue') || others.length > 0) throw malformed()
  if (keyInfo !== undefined && !isSignature(keyInfo, 'KeyInfo')) throw malformed()
  checkSignedInfo(info, id)
  return signature
}

function checkSignedInfo(info: XmlElement, id: string): void {
  const [canonicalization, method, reference, ...others] = childElements(info)
  if (others.length > 0 || !isSignature(canonicalization, 'CanonicalizationMethod')) throw malformed()
  if (!isSignature(method, 'SignatureMethod') || !isSignature(reference, 'Reference')) throw malformed()
  if (attributeOf(reference, 'URI') !== `#${id}`) throw refusedAssertion('its signature covers something else')
  const [transforms, digestMethod, digestValue, ...more] = childElements(reference)
  if (more.length > 0 || !isSignature(transforms, 'Transforms')) throw malformed()
  if (!isSignature(digestMethod, 'DigestMethod') || !isSignature(digestValue, 'DigestValue')) throw malformed()
  const steps = childElements(transforms)
  if (steps.some((step) => !isSignature(step, 'Transform'))) throw malformed()
  const isAllowed =
    attributeOf(canonicalization, 'Algorithm') === exclusive &&
    steps.map((step) => attributeOf(step, 'Algorithm')).join(' ') === `${enveloped} ${exclusive}` &&
    signatureMethods.includes(attributeOf(method, 'Algorithm')) &&
    digestMethods.includes(attributeOf(digestMethod, 'Algorithm'))
  if (!isAllowed) throw refusedAssertion('its signature uses an algorithm that is not allowed')
}

function isSignature(element: XmlElement | undefined, name: string): element is XmlElement {
  return element !== undefined && isNamed(element, signatureNamespace, name)
}

function isIdentifiedBy(element: XmlElement, id: string): boolean {
  return Array.from(element.attributes).some(({ localName, value }) => /^id$/i.test(localName) && value === id)
}

/** The canonical text that this key has signed; undefined when it has not. */
function signedBytes(xml: string, signature: XmlElement, key: KeyObject): string | undefined {
  const check = new SignedXml({ publicCert: key, getCertFromKeyInfo: () => null })
  check.SignatureAlgorithms = only(check.SignatureAlgorithms, signatureMethods)
  check.HashAlgorithms = only(check.HashAlgorithms, digestMethods)
  check.CanonicalizationAlgorithms = only(check.CanonicalizationAlgorithms, [exclusive, enveloped])
  try {
    check.loadSignature(signature)
    if (!check.checkSignature(xml)) return undefined
  } catch {
    return undefined // the library throws what it does not accept
  }
  const signed = check.getSignedReferences()
  return signed.length === 1 ? signed[0] : undefined
}

function only<T>(algorithms: Readonly<Record<string, T>>, allowed: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(algorithms).filter(([name]) => allowed.includes(name)))
}

function malformed(): Error {
  return refusedAssertion('its signature does not have the form that SAML prescribes')
}
