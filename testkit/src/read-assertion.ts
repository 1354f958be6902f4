import { createPublicKey, type webcrypto } from 'node:crypto'
import { createRequire } from 'node:module'

interface Element {
  readonly localName: string
  readonly namespaceURI: string | null
  readonly textContent: string | null
  readonly parentNode: unknown
  getAttribute(name: string): string | null
  getElementsByTagNameNS(namespace: string, name: string): ArrayLike<Element>
}

interface Document {
  readonly documentElement: Element
}

// Not imported: their declarations would declare the globals of a browser for every file of the workspace. Loaded when
// they are needed: most tests look into no assertion.
const load = createRequire(import.meta.url)

function parse(xml: string): Document {
  const { DOMParser } = load('@xmldom/xmldom') as {
    readonly DOMParser: new () => { parseFromString(text: string, type: string): Document }
  }
  return new DOMParser().parseFromString(xml, 'text/xml')
}

const saml = 'urn:oasis:names:tc:SAML:2.0:assertion'
const signature = 'http://www.w3.org/2000/09/xmldsig#'

/** What a SAML assertion says, read with an XML parser. */
export interface ReadAssertion {
  readonly id: string
  readonly issuer: string
  readonly nameId: string
  readonly nameIdFormat: string | null
  readonly nameQualifier: string | null
  readonly recipient: string | null
  readonly audience: string
  readonly authnContextClassRef: string
  readonly sessionIndex: string | null
  readonly issuedAtMs: number
  readonly notBeforeMs: number
  readonly notOnOrAfterMs: number
  readonly confirmedUntilMs: number
  readonly attributes: Readonly<Record<string, readonly string[]>>
  /** Base64 bodies of the certificates in `KeyInfo`. */
  readonly keyInfoCertificates: readonly string[]
}

export function readAssertion(xml: string): ReadAssertion {
  const root = parse(xml).documentElement
  const all = (name: string, from = root, namespace = saml) => Array.from(from.getElementsByTagNameNS(namespace, name))
  const one = (name: string): Element => {
    const [first, ...others] = all(name)
    if (first === undefined || others.length > 0) throw new Error(`${all(name).length} elements ${name}`)
    return first
  }
  const time = (element: Element, name: string) => Date.parse(element.getAttribute(name) ?? '')
  const text = (element: Element) => element.textContent ?? ''
  const data = one('SubjectConfirmationData')
  return {
    id: root.getAttribute('ID') ?? '',
    issuer: text(one('Issuer')),
    nameId: text(one('NameID')),
    nameIdFormat: one('NameID').getAttribute('Format'),
    nameQualifier: one('NameID').getAttribute('NameQualifier'),
    recipient: data.getAttribute('Recipient'),
    audience: text(one('Audience')),
    authnContextClassRef: text(one('AuthnContextClassRef')),
    sessionIndex: one('AuthnStatement').getAttribute('SessionIndex'),
    issuedAtMs: time(root, 'IssueInstant'),
    notBeforeMs: time(one('Conditions'), 'NotBefore'),
    notOnOrAfterMs: time(one('Conditions'), 'NotOnOrAfter'),
    confirmedUntilMs: time(data, 'NotOnOrAfter'),
    attributes: Object.fromEntries(
      all('Attribute').map((attribute) => [
        attribute.getAttribute('Name') ?? '',
        all('AttributeValue', attribute).map(text),
      ]),
    ),
    keyInfoCertificates: all('X509Certificate', root, signature).map(text),
  }
}

/**
 * Verifies an RSA-SHA256 signature over the root, with an implementation of XML signatures that production does not use.
 * @param certificate PEM
 */
export async function isSignedBy(xml: string, certificate: string): Promise<boolean> {
  const { Application, SignedXml } = load('xmldsigjs') as {
    readonly Application: { setEngine(name: string, crypto: unknown): void }
    readonly SignedXml: new (
      document: Document,
    ) => { LoadXml(signature: Element): void; Verify(key: webcrypto.CryptoKey): Promise<boolean> }
  }
  Application.setEngine('node', crypto)
  const document = parse(xml)
  const element = document.documentElement.getElementsByTagNameNS(signature, 'Signature')[0]
  if (element === undefined || element.parentNode !== document.documentElement) return false
  const references = Array.from(element.getElementsByTagNameNS(signature, 'Reference'))
  const uri = `#${document.documentElement.getAttribute('ID')}`
  if (references.length !== 1 || references[0]?.getAttribute('URI') !== uri) return false
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const key = createPublicKey(certificate).toCryptoKey(algorithm, true, ['verify'])
  const signed = new SignedXml(document)
  signed.LoadXml(element)
  try {
    return await signed.Verify(key)
  } catch {
    return false // It throws at a digest that differs.
  }
}
