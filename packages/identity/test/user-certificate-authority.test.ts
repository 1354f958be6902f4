import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { Secret } from '@landbridge/kernel'
import { splitPemChain, UserCertificateAuthority } from '../src/index.ts'
import { signatureAlgorithmOf, toCryptoKey } from '../src/signing-algorithm.ts'
import { BasicConstraintsExtension, encodeName, PublicKey, X509CertificateGenerator } from '../src/x509.ts'

const nowMs = Date.now()
const ecPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

async function authorityCertificate(
  subject: string,
  key: ReturnType<typeof ecPair>,
  issuer: { readonly name: string; readonly key: ReturnType<typeof ecPair> },
): Promise<string> {
  const name = (CN: string) => encodeName([{ type: 'CN', value: CN }])
  const certificate = await X509CertificateGenerator.create({
    serialNumber: `01${randomBytes(8).toString('hex')}`,
    subject: name(subject),
    issuer: name(issuer.name),
    notBefore: new Date(nowMs - 60_000),
    notAfter: new Date(nowMs + 86_400_000),
    publicKey: new PublicKey(new Uint8Array(key.publicKey.export({ type: 'spki', format: 'der' }))),
    signingKey: toCryptoKey(issuer.key.privateKey, 'sign'),
    signingAlgorithm: { ...signatureAlgorithmOf(issuer.key.privateKey) },
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  })
  return `${certificate.toString('pem')}\n`
}

test('a logon has its key and the chain up to below the root, for systems that know the root only (SCC-149)', async () => {
  const [rootKey, middleKey] = [ecPair(), ecPair()]
  const root = await authorityCertificate('Root', rootKey, { name: 'Root', key: rootKey })
  const middle = await authorityCertificate('Users', middleKey, { name: 'Root', key: rootKey })
  const key = new Secret(middleKey.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  const authority = UserCertificateAuthority.load(middle + root, key)
  const wish = { notBeforeMs: nowMs - 1_000, notAfterMs: nowMs + 60_000 }
  const [ann, bob] = await Promise.all(
    ['ann', 'bob'].map((value) => authority.issueLogon({ ...wish, subject: [{ type: 'CN', value }] })),
  )
  assert.ok(ann !== undefined && bob !== undefined)
  const chain = splitPemChain(ann.chain).map((pem) => new X509Certificate(pem))
  assert.deepEqual(
    chain.map(({ subject }) => subject),
    ['CN=ann', 'CN=Users'],
  )
  const [leaf, intermediate] = chain
  assert.ok(leaf?.verify(intermediate!.publicKey) && intermediate?.verify(new X509Certificate(root).publicKey))
  assert.ok(leaf?.checkPrivateKey(createPrivateKey(ann.key.reveal())))
  assert.equal(bob.key, ann.key)
  assert.equal(ann.keyType, 'ec')
  // The other form is for headers only: nobody has its key.
  const shown = await authority.issue({ ...wish, subject: [{ type: 'CN', value: 'ann' }] })
  assert.equal(new X509Certificate(shown.der).checkPrivateKey(createPrivateKey(ann.key.reveal())), false)
})
