import { randomUUID } from 'node:crypto'
import { tokenFailure } from '../token/token-failure.ts'
import type { SigningKey } from './signing-key.ts'
import { SignedXml } from './xml-libraries.ts'
import { isXmlText, writeXml, type XmlNode } from './xml-writer.ts'

const samlNamespace = 'urn:oasis:names:tc:SAML:2.0:assertion'
const bearer = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
const sha256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
/** Receivers may have slow clocks. */
const backdateMs = 5 * 60_000
const validMs = 10 * 60_000

/** What an assertion says. All texts are plain; none is XML. */
export interface Assertion {
  readonly issuer: string
  readonly nameId: string
  readonly nameIdFormat: string
  readonly nameQualifier: string | undefined
  readonly recipient: string
  readonly audience: string
  readonly authnContextClassRef: string
  readonly attributes: ReadonlyMap<string, readonly string[]>
}

export interface SignedAssertion {
  /** Without XML declaration. */
  readonly xml: string
  readonly expiresAtMs: number
}

/**
 * A SAML 2.0 bearer assertion for RFC 7522, with an enveloped signature (exclusive C14N, RSA-SHA256) that covers it as
 * a whole. Every one has an ID of its own, so receivers can tell a repetition.
 * @param withCertificate puts the signing certificate into `KeyInfo`
 * @throws PlatformError DESTINATION_TOKEN_FAILED when XML cannot carry a value
 */
export function signedAssertion(
  assertion: Assertion,
  key: SigningKey,
  nowMs: number,
  withCertificate: boolean,
): SignedAssertion {
  const { attributes, nameQualifier, ...texts } = assertion
  const values = [
    ...Object.values(texts),
    nameQualifier ?? '',
    ...attributes.keys(),
    ...[...attributes.values()].flat(),
  ]
  if (!values.every(isXmlText))
    throw tokenFailure('a value of the assertion contains a character that XML cannot carry')
  const expiresAtMs = nowMs + validMs
  const xml = writeXml(document(assertion, nowMs, expiresAtMs))
  return { xml: sign(xml, key, withCertificate), expiresAtMs }
}

function document(assertion: Assertion, nowMs: number, expiresAtMs: number): XmlNode {
  const [now, until] = [isoTime(nowMs), isoTime(expiresAtMs)]
  return element('Assertion', { ID: newId(), IssueInstant: now, Version: '2.0' }, [
    element('Issuer', {}, assertion.issuer),
    subject(assertion, until),
    element('Conditions', { NotBefore: isoTime(nowMs - backdateMs), NotOnOrAfter: until }, [
      element('AudienceRestriction', {}, [element('Audience', {}, assertion.audience)]),
    ]),
    element('AuthnStatement', { AuthnInstant: now, SessionIndex: newId() }, [
      element('AuthnContext', {}, [element('AuthnContextClassRef', {}, assertion.authnContextClassRef)]),
    ]),
    ...attributeStatement(assertion.attributes),
  ])
}

function subject(assertion: Assertion, until: string): XmlNode {
  const { nameId, nameIdFormat, nameQualifier, recipient } = assertion
  return element('Subject', {}, [
    element('NameID', { Format: nameIdFormat, NameQualifier: nameQualifier }, nameId),
    element('SubjectConfirmation', { Method: bearer }, [
      element('SubjectConfirmationData', { NotOnOrAfter: until, Recipient: recipient }),
    ]),
  ])
}

/** The schema wants at least one attribute in a statement. */
function attributeStatement(attributes: Assertion['attributes']): readonly XmlNode[] {
  const nodes = [...attributes].map(([Name, values]) =>
    element(
      'Attribute',
      { Name },
      values.map((value) => element('AttributeValue', {}, value)),
    ),
  )
  return nodes.length === 0 ? [] : [element('AttributeStatement', {}, nodes)]
}

function element(
  name: string,
  attributes: Readonly<Record<string, string | undefined>>,
  content: string | readonly XmlNode[] = [],
): XmlNode {
  return { namespace: samlNamespace, name: `saml2:${name}`, attributes, content }
}

/** An XML name with 122 random bits (SAML core section 1.3.4). */
function newId(): string {
  return `_${randomUUID()}`
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

/** The signature stands behind `Issuer`, where the schema wants it (SAML core section 5.4). */
function sign(xml: string, key: SigningKey, withCertificate: boolean): string {
  const signer = new SignedXml({
    privateKey: key.privateKey,
    canonicalizationAlgorithm: exclusive,
    signatureAlgorithm: rsaSha256,
    ...(withCertificate ? { publicCert: key.certificate.toString() } : {}),
  })
  signer.addReference({ xpath: '/*', digestAlgorithm: sha256, transforms: [enveloped, exclusive] })
  signer.computeSignature(xml, {
    prefix: 'ds',
    location: { reference: "/*/*[local-name(.)='Issuer']", action: 'after' },
  })
  return signer.getSignedXml()
}
