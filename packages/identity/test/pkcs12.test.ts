import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { isPlatformError, Secret } from '@landbridge/kernel'
import {
  ecWithoutChain,
  fileWithKeyPassword,
  rsaLegacy,
  rsaPssCertificate,
  rsaWithChain,
  withoutKey,
} from '@landbridge/testkit'
import fc, { runs } from '@landbridge/testkit/properties'
import {
  LocalCa,
  type OwnCertificate,
  readPkcs12,
  readPkcs12Certificates,
  splitPemChain,
  writePkcs12,
} from '../src/index.ts'

const password = new Secret('secret')

function refusedBecause(reason: RegExp) {
  return (failure: unknown) =>
    isPlatformError(failure, 'CERTIFICATE_INVALID') && reason.test(String(failure.facts.reason))
}

function subjects({ cert, key }: OwnCertificate): string[] {
  const chain = splitPemChain(cert).map((pem) => new X509Certificate(pem))
  assert.ok(chain[0]?.checkPrivateKey(createPrivateKey(key.reveal())))
  return chain.map(({ subject }) => subject)
}

test('a PKCS#12 file gives certificate, chain in order and key, in modern and old encryption', async () => {
  const expected = ['O=Corp\nCN=connector', 'O=Corp\nCN=Corp Root']
  assert.deepEqual(subjects(await readPkcs12(rsaWithChain, password)), expected)
  assert.deepEqual(subjects(await readPkcs12(rsaLegacy, password)), expected)
  assert.deepEqual(subjects(await readPkcs12(ecWithoutChain, password)), ['CN=ec'])
})

test('certificates come out as they were, whatever signed them', async () => {
  const authority = await LocalCa.create({ subject: { CN: 'EC root' } })
  const issued = await authority.issueClient({ subject: { CN: 'rsa' }, days: 1, rsaBits: 2048 })
  const pss = await rsaPssCertificate()
  const raw = (chain: string) => splitPemChain(chain).map((pem) => new X509Certificate(pem).raw)
  for (const [chain, key] of [
    [issued.cert, issued.key],
    [pss.certificate, pss.key],
  ] as const) {
    const file = await writePkcs12({ chain, key, alias: 'rsa', password })
    assert.deepEqual(raw((await readPkcs12(file, password)).cert), raw(chain))
    const certificates = await readPkcs12Certificates(file, password)
    assert.deepEqual(
      certificates?.map(({ der }) => der),
      raw(chain),
    )
  }
})

test('a wrong password, a missing key and other files are told apart', async () => {
  await assert.rejects(readPkcs12(rsaWithChain, new Secret('wrong')), refusedBecause(/password is wrong/))
  await assert.rejects(readPkcs12(withoutKey, password), refusedBecause(/no private key/))
  await assert.rejects(readPkcs12(Buffer.from('text'), password), refusedBecause(/no PKCS#12 file|damaged/))
  await assert.rejects(readPkcs12(Buffer.alloc(2_000_000), password), refusedBecause(/too long/))
})

test('the key may have a password of its own', async () => {
  const { cert, key } = await readPkcs12(ecWithoutChain, password)
  const file = fileWithKeyPassword(cert, key.reveal(), 'of the key')
  assert.deepEqual(subjects(await readPkcs12(file, password, new Secret('of the key'))), ['CN=ec'])
  await assert.rejects(readPkcs12(file, password, new Secret('other')), refusedBecause(/password of the key/))
  await assert.rejects(readPkcs12(file, password), refusedBecause(/password is wrong/))
})

test('damaged files are refused with an error of ours, whatever the damage', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(ecWithoutChain.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const damaged = Buffer.from(ecWithoutChain)
      damaged[at] = (damaged[at] ?? 0) ^ change
      await readPkcs12(damaged, password).then(subjects, (failure: unknown) => {
        assert.ok(isPlatformError(failure, 'CERTIFICATE_INVALID'), String(failure))
      })
    }),
    runs(60),
  )
})
