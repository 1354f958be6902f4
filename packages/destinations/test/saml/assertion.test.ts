import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { selfSigned } from '@landbridge/identity'
import { isPlatformError, systemClock } from '@landbridge/kernel'
import { isSignedBy, readAssertion } from '@landbridge/testkit'
import fc, { runs } from '@landbridge/testkit/properties'
import { type Assertion, signedAssertion } from '../../src/saml/assertion.ts'
import type { SigningKey } from '../../src/saml/signing-key.ts'

interface ServiceProvider {
  validatePostResponseAsync(form: { SAMLResponse: string }): Promise<{ profile: Record<string, unknown> | null }>
}
const { SAML } = createRequire(import.meta.url)('@node-saml/node-saml') as {
  readonly SAML: new (options: Record<string, unknown>) => ServiceProvider
}

const says: Assertion = {
  issuer: 'cfapps.test/s1',
  nameId: 'jane@corp.test',
  nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  nameQualifier: 'corp',
  recipient: 'https://api.test/oauth/token?company_id=A&x=1',
  audience: 'www.successfactors.com',
  authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:X509',
  attributes: new Map([
    ['Groups', ['Admins', 'R&D']],
    ['mail', ['jane@corp.test']],
  ]),
}
const minute = 60_000

async function newKey(): Promise<SigningKey> {
  const wish = { purpose: 'signature', subject: { CN: 'cfapps.test/s1' }, keySize: 2048 } as const
  const { cert, key } = await selfSigned(wish, 730, systemClock)
  return { privateKey: createPrivateKey(key.reveal()), certificate: new X509Certificate(cert) }
}
const key = await newKey()
const pem = (one: SigningKey) => one.certificate.toString()

test('every property of an assertion stands in its place (DEST-203, CONN-179)', () => {
  const now = Date.UTC(2026, 5, 1, 12)
  const { xml, expiresAtMs } = signedAssertion(says, key, now, false)
  const { id, sessionIndex, ...read } = readAssertion(xml)
  assert.deepEqual(read, {
    issuer: 'cfapps.test/s1',
    nameId: 'jane@corp.test',
    nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    nameQualifier: 'corp',
    recipient: 'https://api.test/oauth/token?company_id=A&x=1',
    audience: 'www.successfactors.com',
    authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:X509',
    issuedAtMs: now,
    notBeforeMs: now - 5 * minute,
    notOnOrAfterMs: now + 10 * minute,
    confirmedUntilMs: now + 10 * minute,
    attributes: { Groups: ['Admins', 'R&D'], mail: ['jane@corp.test'] },
    keyInfoCertificates: [],
  })
  assert.equal(expiresAtMs, now + 10 * minute)
  assert.match(id, /^_[0-9a-f-]{36}$/)
  assert.match(sessionIndex ?? '', /^_[0-9a-f-]{36}$/)
  assert.notEqual(readAssertion(signedAssertion(says, key, now, false).xml).id, id)
  // The order of the schema: the signature between Issuer and Subject.
  const order = ['Issuer', 'Signature', 'Subject', 'Conditions', 'AuthnStatement', 'AttributeStatement']
  const places = order.map((name) => xml.search(new RegExp(`<(?:saml2|ds):${name}[ >]`)))
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  )
  assert.ok(!places.includes(-1))
})

test('nothing optional leaves an empty element or attribute behind', () => {
  const { xml } = signedAssertion({ ...says, nameQualifier: undefined, attributes: new Map() }, key, 0, false)
  assert.doesNotMatch(xml, /NameQualifier|AttributeStatement|KeyInfo/)
})

test('the signing certificate stands in the assertion when asked for', () => {
  const { xml } = signedAssertion(says, key, 0, true)
  assert.deepEqual(
    readAssertion(xml).keyInfoCertificates.map((text) => text.replaceAll(/\s/g, '')),
    [key.certificate.raw.toString('base64')],
  )
})

test('another implementation verifies the signature, and sees every change (DEST-206)', async () => {
  const { xml } = signedAssertion(says, key, Date.now(), false)
  assert.equal(await isSignedBy(xml, pem(key)), true)
  assert.equal(await isSignedBy(xml, pem(await newKey())), false)
  for (const part of ['jane@corp.test', 'www.successfactors.com', 'Admins', 'company_id=A', 'cfapps.test/s1'])
    assert.equal(await isSignedBy(xml.replace(part, `${part}x`), pem(key)), false, part)
})

test('a SAML service provider accepts the assertion and reads the user', async () => {
  const { xml } = signedAssertion(says, key, Date.now(), false)
  const response =
    '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r" Version="2.0" ' +
    `IssueInstant="${new Date().toISOString()}"><samlp:Status><samlp:StatusCode ` +
    `Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>${xml}</samlp:Response>`
  const provider = (idpCert: string, audience: string) =>
    new SAML({
      idpCert,
      audience,
      issuer: 'sp',
      callbackUrl: says.recipient,
      wantAuthnResponseSigned: false,
      idpIssuer: says.issuer,
    })
  const form = { SAMLResponse: Buffer.from(response).toString('base64') }
  const { profile } = await provider(pem(key), says.audience).validatePostResponseAsync(form)
  assert.equal(profile?.nameID, 'jane@corp.test')
  assert.equal(profile?.nameQualifier, 'corp')
  assert.deepEqual(profile?.Groups, ['Admins', 'R&D'])
  await assert.rejects(provider(pem(await newKey()), says.audience).validatePostResponseAsync(form))
  await assert.rejects(provider(pem(key), 'somebody else').validatePostResponseAsync(form))
})

test('any text arrives as it is: it is escaped, signed and well-formed (DEST-207)', async () => {
  const texts = fc.string({
    unit: fc.constantFrom('<', '>', '&', '"', "'", ']]>', '<!--', '&lt;', 'é', '😀', 'a', ' '),
    minLength: 1,
  })
  await fc.assert(
    fc.asyncProperty(texts, texts, async (name, value) => {
      const attributes = new Map([[name, [value, '']]])
      const told = { ...says, nameId: value, nameQualifier: name, audience: value, recipient: value, attributes }
      const { xml } = signedAssertion(told, key, 0, false)
      const read = readAssertion(xml)
      assert.equal(read.nameId, value)
      assert.equal(read.nameQualifier, name)
      assert.equal(read.audience, value)
      assert.equal(read.recipient, value)
      assert.deepEqual(read.attributes, { [name]: [value, ''] })
      assert.equal(await isSignedBy(xml, pem(key)), true)
    }),
    runs(100),
  )
})

test('a character that XML cannot carry ends in an error and not in a broken document (DEST-207)', () => {
  for (const bad of ['\0', '\u0008', '\uFFFE', '\uD800'])
    for (const told of [
      { ...says, nameId: bad },
      { ...says, attributes: new Map([[`a${bad}`, ['b']]]) },
    ])
      assert.throws(
        () => signedAssertion(told, key, 0, false),
        (thrown) => isPlatformError(thrown, 'DESTINATION_TOKEN_FAILED'),
      )
})
