import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { selfSigned } from '@landbridge/identity'
import { systemClock } from '@landbridge/kernel'

const { SignedXml } = createRequire(import.meta.url)('xml-crypto')

export const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
const sha256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const emailFormat = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'

/** A SAML identity provider with a key of its own. */
export async function newProvider(): Promise<{ certificate: string; sign: Sign }> {
  const { cert, key } = await selfSigned({ purpose: 'client', subject: { CN: 'idp' }, keySize: 2048 }, 365, systemClock)
  return { certificate: cert, sign: (xml, how) => sign(xml, key.reveal(), cert, how) }
}

export interface Signing {
  readonly signatureAlgorithm?: string
  readonly digestAlgorithm?: string
  readonly transforms?: readonly string[]
  /** XPath of what is signed; the signature goes into the root. */
  readonly covers?: string
}

export type Sign = (xml: string, how?: Signing) => string

/** Signs as identity providers do, with their certificate in KeyInfo. */
function sign(xml: string, privateKey: string, publicCert: string, how: Signing = {}): string {
  const signer = new SignedXml({
    privateKey,
    publicCert,
    canonicalizationAlgorithm: exclusive,
    signatureAlgorithm: how.signatureAlgorithm ?? rsaSha256,
  })
  signer.addReference({
    xpath: how.covers ?? '/*',
    digestAlgorithm: how.digestAlgorithm ?? sha256,
    transforms: how.transforms ?? ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', exclusive],
  })
  signer.computeSignature(xml, {
    prefix: 'ds',
    location: { reference: "/*/*[local-name(.)='Issuer']", action: 'after' },
  })
  return signer.getSignedXml()
}

/** What an assertion says; every member has a value that is accepted or is given. */
export interface Saying {
  readonly issuer: string
  readonly audience: string
  readonly recipient: string
  readonly nowMs: number
  readonly id?: string
  readonly nameId?: string
  readonly nameFormat?: string
  readonly notBeforeMs?: number
  readonly notOnOrAfterMs?: number
  readonly confirmedUntilMs?: number
  readonly method?: string
  /** More XML inside `Conditions`. */
  readonly conditions?: string
  readonly attributes?: Readonly<Record<string, readonly string[]>>
}

export function assertionXml(saying: Saying): string {
  const { nowMs } = saying
  const at = (timeMs: number): string => new Date(timeMs).toISOString()
  const attributes = Object.entries(saying.attributes ?? {}).map(
    ([name, values]) =>
      `<saml:Attribute Name="${name}">${values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('')}</saml:Attribute>`,
  )
  return `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${saying.id ?? `_${randomUUID()}`}" IssueInstant="${at(nowMs)}" Version="2.0">
  <saml:Issuer>${saying.issuer}</saml:Issuer>
  <saml:Subject>
    <saml:NameID Format="${saying.nameFormat ?? emailFormat}">${saying.nameId ?? 'bob@corp.test'}</saml:NameID>
    <saml:SubjectConfirmation Method="${saying.method ?? 'urn:oasis:names:tc:SAML:2.0:cm:bearer'}">
      <saml:SubjectConfirmationData NotOnOrAfter="${at(saying.confirmedUntilMs ?? nowMs + 300_000)}" Recipient="${saying.recipient}"/>
    </saml:SubjectConfirmation>
  </saml:Subject>
  <saml:Conditions NotBefore="${at(saying.notBeforeMs ?? nowMs)}" NotOnOrAfter="${at(saying.notOnOrAfterMs ?? nowMs + 300_000)}">
    <saml:AudienceRestriction><saml:Audience>${saying.audience}</saml:Audience></saml:AudienceRestriction>${saying.conditions ?? ''}
  </saml:Conditions>
  <saml:AttributeStatement>${attributes.join('')}</saml:AttributeStatement>
</saml:Assertion>`
}
