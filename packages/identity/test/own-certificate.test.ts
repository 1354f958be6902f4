import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { isPlatformError, Secret, systemClock } from '@landbridge/kernel'
import {
  certificateOfKey,
  LocalCa,
  maySignCertificates,
  selfSigned,
  signingRequest,
  UserCertificateAuthority,
} from '../src/index.ts'
import { KeyUsageFlags, KeyUsagesExtension, Pkcs10CertificateRequest } from '../src/x509.ts'

const wish = { keySize: 2048, subject: 'CN=x,O=Corp' } as const

test('the request for an authority asks for keyCertSign, the one for a client does not (SCC-144, API1-146)', async () => {
  for (const purpose of ['authority', 'client'] as const) {
    const request = new Pkcs10CertificateRequest((await signingRequest({ ...wish, purpose })).csr)
    const usages = request.extensions.find((extension) => extension instanceof KeyUsagesExtension)?.usages ?? 0
    assert.equal((usages & KeyUsageFlags.keyCertSign) !== 0, purpose === 'authority')
    assert.ok(await request.verify())
  }
})

test('a self-signed certificate is verified by itself and says what it may do (SCC-144)', async () => {
  for (const purpose of ['authority', 'client'] as const) {
    const { cert } = await selfSigned({ ...wish, purpose }, 365, systemClock)
    const certificate = new X509Certificate(cert)
    assert.ok(certificate.verify(certificate.publicKey))
    assert.equal(maySignCertificates(cert), purpose === 'authority')
  }
})

test('a chain is put into its order and cut down to what belongs to the key', async () => {
  const ca = await LocalCa.create({ subject: 'CN=Root' })
  const { csr, key } = await signingRequest({ ...wish, purpose: 'client' })
  const [leaf, root] = (await ca.issueClientFromCsr({ csrPem: csr, subject: 'CN=leaf', days: 1 })).split(
    /(?<=END CERTIFICATE-----\n)/,
  )
  const stranger = await LocalCa.create({ subject: 'CN=Stranger' })
  const { cert } = certificateOfKey(`${root}${stranger.certificatePem}${leaf}`, key)
  assert.equal(cert, `${leaf}${root}`)
  assert.throws(
    () => certificateOfKey(stranger.certificatePem, key),
    (failure) => isPlatformError(failure, 'CERTIFICATE_INVALID'),
  )
})

test('an authority for users needs its own key, and neither outlives itself nor the wish (SCC-150)', async () => {
  const authority = await selfSigned({ ...wish, purpose: 'authority' }, 1, systemClock)
  const other = await selfSigned({ ...wish, purpose: 'authority' }, 1, systemClock)
  const invalid = (failure: unknown): boolean => isPlatformError(failure, 'CERTIFICATE_INVALID')
  assert.throws(() => UserCertificateAuthority.load(authority.cert, other.key), invalid)
  assert.throws(() => UserCertificateAuthority.load(authority.cert, new Secret('no key')), invalid)
  const ca = UserCertificateAuthority.load(authority.cert, authority.key)
  const now = systemClock.now()
  const subject = [{ type: 'CN', value: 'ann' }]
  const short = await ca.issue({ subject, notBeforeMs: now, notAfterMs: now + 60_000 })
  assert.ok(new X509Certificate(short.der).validToDate.getTime() <= now + 60_000)
  const long = await ca.issue({ subject, notBeforeMs: now, notAfterMs: now + 10 * 86_400_000 })
  assert.equal(long.notAfterMs, ca.notAfterMs)
})
