import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { selfSigned, writePkcs12 } from '@landbridge/identity'
import { Secret, systemClock } from '@landbridge/kernel'
import { isSignedBy, javaKeyStore } from '@landbridge/testkit'
import { ec } from './ticket-keys.ts'
import { tokenSourceFixture } from './token-source-fixture.ts'

const wish = { purpose: 'signature', subject: { CN: 'own' }, keySize: 2048 } as const
const own = await selfSigned(wish, 30, systemClock)
const other = await selfSigned(wish, 30, systemClock)
const encrypted = createPrivateKey(own.key.reveal()).export({
  format: 'pem',
  type: 'pkcs8',
  cipher: 'aes-256-cbc',
  passphrase: 'key-password',
})
const der = createPrivateKey(own.key.reveal()).export({ format: 'der', type: 'pkcs8' })
const ecPem = (name: string, base64: string) => `-----BEGIN ${name}-----\n${base64}\n-----END ${name}-----\n`
const at = tokenSourceFixture({
  'own.pem': Buffer.from(own.key.reveal() + own.cert),
  'chain.pem': Buffer.from(other.cert + own.cert + own.key.reveal()),
  'encrypted.pem': Buffer.from(encrypted + own.cert),
  'other.pem': Buffer.from(own.key.reveal() + other.cert),
  'key.pem': Buffer.from(own.key.reveal()),
  'certificate.pem': Buffer.from(own.cert),
  'broken.pem': Buffer.from(`-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n${own.cert}`),
  'ec.pem': Buffer.from(ecPem('PRIVATE KEY', ec.SigningKey) + ecPem('CERTIFICATE', ec.Certificate)),
  'store.p12': Buffer.from([0x30, 0x82]),
  'own.jks': javaKeyStore('key-password', { keys: [{ key: der, chain: [new X509Certificate(own.cert).raw] }] }),
  'own.p12': await writePkcs12({
    chain: own.cert,
    key: own.key.reveal(),
    alias: 'own',
    password: new Secret('key-password'),
  }),
})
const active = await at.trust.renew('s1', 'active')
const jane = { user_name: 'jane' }

function saml(more: Record<string, string>): Record<string, string> {
  return { Authentication: 'SAMLAssertion', audience: 'a', authnContextClassRef: 'x', ...more }
}

async function xmlOf(properties: Record<string, string>): Promise<string> {
  const { value, error } = await at.token(properties, jane)
  assert.equal(error, undefined)
  return Buffer.from(value, 'base64').toString()
}

test('KeyStoreLocation signs in place of the trust key of the subaccount (DEST-206, CONN-178)', async () => {
  assert.equal(await isSignedBy(await xmlOf(saml({})), active), true)
  for (const KeyStoreLocation of ['own.pem', 'chain.pem']) {
    const xml = await xmlOf(saml({ KeyStoreLocation }))
    assert.equal(await isSignedBy(xml, own.cert), true)
    assert.equal(await isSignedBy(xml, active), false)
  }
  const KeyStorePassword = 'key-password'
  for (const KeyStoreLocation of ['encrypted.pem', 'own.jks', 'own.p12'])
    assert.equal(await isSignedBy(await xmlOf(saml({ KeyStoreLocation, KeyStorePassword })), own.cert), true)
})

test('a key store that cannot sign is named in the error, and nothing else signs instead', async () => {
  const cases = [
    ['missing.pem', /not found/],
    ['other.pem', /no private key with its certificate/],
    ['key.pem', /no private key with its certificate/],
    ['certificate.pem', /no private key/],
    ['broken.pem', /cannot be read/],
    ['encrypted.pem', /password of the key store is missing or wrong/],
    ['own.jks', /password of the key store is missing or wrong/],
    ['own.p12', /password of the key store is missing or wrong/],
    ['ec.pem', /no RSA key/],
    ['store.p12', /cannot be read/],
  ] as const
  for (const [KeyStoreLocation, expected] of cases) {
    const { error = '' } = await at.token(saml({ KeyStoreLocation, KeyStorePassword: 'wrong-password' }), jane)
    assert.match(error, expected, KeyStoreLocation)
    assert.ok(!error.includes('wrong-password'))
  }
})
