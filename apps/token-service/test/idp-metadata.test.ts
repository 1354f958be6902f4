import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { isPlatformError, ManualClock } from '@landbridge/kernel'
import { readIdpMetadata } from '../src/saml/idp-metadata.ts'
import { TrustedSamlIssuers } from '../src/saml/trusted-saml-issuers.ts'
import { newProvider } from './saml-provider.ts'

const { certificate } = await newProvider()
const next = (await newProvider()).certificate
const body = (pem: string) => pem.replaceAll(/-----.*-----/g, '')
const entityId = 'cfapps.example.test/s1'

function keyDescriptor(use: string, ...pems: readonly string[]): string {
  const data = pems.map((pem) => `<X509Data><X509Certificate>\n  ${body(pem)}\n</X509Certificate></X509Data>`).join('')
  return `<ns3:KeyDescriptor${use}><KeyInfo><KeyName>alias</KeyName>${data}</KeyInfo></ns3:KeyDescriptor>`
}

/** The template of guide L11106-L11146. */
function template(idpKeys: string, spKeys = ''): string {
  const protocol = 'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"'
  return `
<ns3:EntityDescriptor     ID="${entityId}"
     entityID="${entityId}"
    xmlns="http://www.w3.org/2000/09/xmldsig#"
    xmlns:ns2="http://www.w3.org/2001/04/xmlenc#"
    xmlns:ns4="urn:oasis:names:tc:SAML:2.0:assertion"
    xmlns:ns3="urn:oasis:names:tc:SAML:2.0:metadata">
    <ns3:SPSSODescriptor AuthnRequestsSigned="true" ${protocol}>${spKeys}</ns3:SPSSODescriptor>
    <ns3:IDPSSODescriptor WantAuthnRequestsSigned="true" ${protocol}>${idpKeys}</ns3:IDPSSODescriptor>
</ns3:EntityDescriptor>`
}

test("metadata in the shape of the guide's template gives name and signing certificates (CONN-219)", () => {
  const keys = keyDescriptor(' use="signing"', certificate) + keyDescriptor('', next)
  const read = readIdpMetadata(template(keys + keyDescriptor(' use="encryption"', certificate), keys))
  assert.equal(read.entityId, entityId)
  assert.deepEqual(
    read.certificates.map((pem) => new X509Certificate(pem).fingerprint256),
    [certificate, next].map((pem) => new X509Certificate(pem).fingerprint256),
  )
  const issuers = new TrustedSamlIssuers(
    [{ metadata: template(keys), subaccountId: 's2', origin: 'home' }],
    new ManualClock(Date.now()),
  )
  const issuer = issuers.find(entityId, 's2')
  assert.ok(issuer !== undefined)
  assert.equal(issuers.keysOf(issuer).length, 2)
  assert.equal(issuers.find(entityId, 's1'), undefined)
})

test('metadata that names no signer, and contradicting settings, are refused at the start', () => {
  const keys = keyDescriptor(' use="signing"', certificate)
  const rest = { subaccountId: 's2', origin: 'home' }
  const refused = [
    { metadata: template('', keys) },
    { metadata: template(keyDescriptor(' use="encryption"', certificate)) },
    { metadata: template(keys).replace('entityID', 'entityId') },
    { metadata: template(keys).replaceAll('EntityDescriptor', 'EntitiesDescriptor') },
    { metadata: `<!DOCTYPE x>${template(keys)}` },
    { metadata: 'no XML' },
    { metadata: template(keys), entityId },
    { entityId },
    {},
  ]
  for (const one of refused)
    assert.throws(
      () => new TrustedSamlIssuers([{ ...one, ...rest }], new ManualClock()),
      (thrown) => isPlatformError(thrown, 'CONFIG_INVALID'),
      JSON.stringify(one).slice(0, 80),
    )
})
