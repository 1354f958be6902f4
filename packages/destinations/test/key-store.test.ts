import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { LocalCa, splitPemChain, writePkcs12 } from '@landbridge/identity'
import { PlatformError, Secret } from '@landbridge/kernel'
import {
  ecWithoutChain,
  javaKeyStore,
  rsaLegacy,
  rsaPssCertificate,
  rsaWithChain,
  temporaryFolder,
  withoutKey,
} from '@landbridge/testkit'
import fc, { runs } from '@landbridge/testkit/properties'
import { readKeyStore } from '../src/index.ts'

const folder = temporaryFolder()
after(() => folder[Symbol.dispose]())
const path = (name: string) => `${folder.path}/${name}`
const authority = await LocalCa.create({ subject: { CN: 'Store CA' } })
const { cert, key } = await authority.issueServer({ dnsNames: ['client.test'], days: 30 })
const leaf = new X509Certificate(cert)
const root = new X509Certificate(authority.certificatePem)
const der = createPrivateKey(key).export({ format: 'der', type: 'pkcs8' })

/** A program of the machine; undefined when the machine does not have it. */
function run(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'pipe' })
    return true
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return false
    throw failure
  }
}

function failing(code: 'DESTINATION_KEY_STORE_PASSWORD' | 'DESTINATION_KEY_STORE_INVALID') {
  return (thrown: unknown) => {
    assert.ok(thrown instanceof PlatformError)
    assert.equal(thrown.code, code, String(thrown.facts.reason))
    assert.ok(!JSON.stringify(thrown.facts).includes('secret'))
    return true
  }
}

const subjects = (certificates: readonly X509Certificate[]) => certificates.map(({ subject }) => subject)

test('PEM: certificates and keys in any order are paired by their public keys, with the whole chain (DEST-175)', async () => {
  const other = await authority.issueServer({ dnsNames: ['other.test'], days: 30 })
  const text = `# a comment\n${authority.certificatePem}\n${key}${cert}${other.key}\n${other.cert}`
  const store = await readKeyStore(Buffer.from(text), undefined)
  assert.equal(store.kind, 'pem')
  assert.deepEqual(
    store.identities.map(({ chain }) => subjects(chain)),
    [
      [leaf.subject, root.subject],
      [new X509Certificate(other.cert).subject, root.subject],
    ],
  )
  assert.ok(store.trusted.length >= 3)
})

test('DER: one certificate, nothing to open (DEST-092)', async () => {
  const store = await readKeyStore(root.raw, undefined)
  assert.deepEqual([store.kind, subjects(store.trusted), store.identities], ['der', [root.subject], []])
})

test('PKCS#12 is read with modern and with old ciphers, RSA and EC (DEST-092, DEST-175)', async () => {
  for (const file of [rsaWithChain, rsaLegacy, ecWithoutChain]) {
    const store = await readKeyStore(file, 'secret')
    assert.equal(store.kind, 'pkcs12')
    assert.equal(store.identities.length, 1)
    assert.ok(store.identities[0]?.chain[0]?.checkPrivateKey(store.identities[0].key))
  }
  assert.equal((await readKeyStore(rsaLegacy, 'secret')).identities[0]?.chain.length, 2)
  const trustStore = await readKeyStore(withoutKey, 'secret')
  assert.deepEqual([trustStore.identities, trustStore.trusted.length > 0], [[], true])
})

test('PKCS#12: certificates come out byte by byte, whatever signed them (DEST-175)', async () => {
  const issued = await authority.issueClient({ subject: { CN: 'rsa' }, days: 30, rsaBits: 2048 })
  const pss = await rsaPssCertificate()
  for (const [chain, key] of [
    [issued.cert, issued.key],
    [pss.certificate, pss.key],
  ] as const) {
    const file = await writePkcs12({ chain, key, alias: 'rsa', password: new Secret('secret') })
    const [identity] = (await readKeyStore(file, 'secret')).identities
    const written = splitPemChain(chain).map((pem) => new X509Certificate(pem).raw)
    assert.deepEqual(
      identity?.chain.map(({ raw }) => raw),
      written,
    )
  }
})

test('JKS: key, chain and trusted certificates are read with the password (DEST-092, DEST-175)', async () => {
  const file = javaKeyStore('secret', { keys: [{ key: der, chain: [leaf.raw, root.raw] }], trusted: [root.raw] })
  const store = await readKeyStore(file, 'secret')
  assert.equal(store.kind, 'jks')
  assert.deepEqual(subjects(store.identities[0]?.chain ?? []), [leaf.subject, root.subject])
  assert.deepEqual(store.identities[0]?.key.export({ format: 'der', type: 'pkcs8' }), der)
  assert.equal(store.trusted.length, 3)
})

test('a wrong password and a damaged store are told apart (DEST-092, DEST-176)', async () => {
  const jks = javaKeyStore('secret', { keys: [{ key: der, chain: [leaf.raw] }], trusted: [root.raw] })
  for (const file of [rsaWithChain, rsaLegacy, ecWithoutChain, jks, javaKeyStore('secret', { trusted: [root.raw] })]) {
    await assert.rejects(readKeyStore(file, 'wrong'), failing('DESTINATION_KEY_STORE_PASSWORD'))
    await assert.rejects(readKeyStore(file, undefined), failing('DESTINATION_KEY_STORE_PASSWORD'))
    await assert.rejects(readKeyStore(file.subarray(0, -40), 'secret'), failing('DESTINATION_KEY_STORE_INVALID'))
    const changed = Buffer.from(file)
    changed[changed.length - 3]! ^= 1 // the check of integrity, and its parameters
    await assert.rejects(readKeyStore(changed, 'secret'), (thrown) => thrown instanceof PlatformError)
  }
  const altered = Buffer.from(jks)
  altered[altered.length - 1]! ^= 1
  await assert.rejects(readKeyStore(altered, 'secret'), failing('DESTINATION_KEY_STORE_INVALID'))
  for (const text of ['', 'hello', '-----BEGIN NOTHING-----\n-----END NOTHING-----', cert.slice(0, 300)])
    await assert.rejects(readKeyStore(Buffer.from(text), 'secret'), failing('DESTINATION_KEY_STORE_INVALID'))
})

test('whatever is uploaded ends in a store or in a named error', async () => {
  const jks = javaKeyStore('secret', { keys: [{ key: der, chain: [leaf.raw] }] })
  const original = fc.constantFrom(jks, rsaLegacy, root.raw, Buffer.from(key + cert))
  const damaged = fc.tuple(original, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([file, at, value]) => {
    const copy = Buffer.from(file)
    copy[at % copy.length] = value
    return copy
  })
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged, fc.uint8Array().map(Buffer.from)), async (file) => {
      await readKeyStore(file, 'secret').catch((thrown: unknown) => {
        assert.ok(thrown instanceof PlatformError)
        assert.match(thrown.code, /^DESTINATION_KEY_STORE_/)
      })
    }),
    runs(60),
  )
})

test('a store that would keep the process busy for long is refused before it is opened', async () => {
  // The check of integrity stands at the end: salt, then the number of iterations (2048).
  const slow = Buffer.from(rsaWithChain)
  assert.equal(slow.subarray(-4).toString('hex'), '02020800')
  const more = Buffer.concat([slow.subarray(0, -4), Buffer.from('02047fffffff', 'hex')])
  more.writeUInt16BE(slow.readUInt16BE(2) + 2, 2)
  const digest = more.lastIndexOf(Buffer.from('3041', 'hex'))
  more[digest + 1]! += 2
  await assert.rejects(readKeyStore(more, 'secret'), (thrown) => {
    assert.match(String(thrown instanceof PlatformError && thrown.facts.reason), /too many iterations/)
    return true
  })
})

test('stores written by keytool are read: JKS, PKCS#12 with key, PKCS#12 with trusted certificates (DEST-092, DEST-175)', async (t) => {
  const common = ['-storepass', 'secret', '-noprompt']
  const generate = ['-genkeypair', '-keyalg', 'RSA', '-dname', 'CN=java', '-keypass', 'secret', ...common]
  if (!run('keytool', [...generate, '-storetype', 'JKS', '-keystore', path('a.jks')])) return t.skip('no keytool')
  run('keytool', [...generate, '-storetype', 'PKCS12', '-keystore', path('a.p12')])
  writeFileSync(path('ca.pem'), authority.certificatePem)
  for (const type of ['JKS', 'PKCS12'])
    run('keytool', [
      '-importcert',
      '-file',
      path('ca.pem'),
      '-storetype',
      type,
      '-keystore',
      path(`t.${type}`),
      ...common,
    ])
  for (const name of ['a.jks', 'a.p12']) {
    const store = await readKeyStore(readFileSync(path(name)), 'secret')
    assert.deepEqual(subjects(store.identities[0]?.chain ?? []), ['CN=java'], name)
    await assert.rejects(readKeyStore(readFileSync(path(name)), 'wrong!'), failing('DESTINATION_KEY_STORE_PASSWORD'))
  }
  for (const name of ['t.JKS', 't.PKCS12'])
    assert.deepEqual(subjects((await readKeyStore(readFileSync(path(name)), 'secret')).trusted), [root.subject], name)
})

test('stores and keys written by openssl with -legacy ciphers and with passwords are read (DEST-175)', async (t) => {
  writeFileSync(path('key.pem'), key)
  writeFileSync(path('cert.pem'), cert)
  const pair = ['-inkey', path('key.pem'), '-in', path('cert.pem'), '-passout', 'pass:secret', '-out', path('l.p12')]
  if (!run('openssl', ['pkcs12', '-export', '-legacy', ...pair])) return t.skip('no openssl')
  assert.equal((await readKeyStore(readFileSync(path('l.p12')), 'secret')).identities.length, 1)
  for (const how of [
    ['-v2', 'aes-256-cbc'],
    ['-v1', 'PBE-SHA1-3DES'],
    ['-v1', 'PBE-SHA1-RC2-40'],
  ]) {
    const legacy = how[0] === '-v1' ? ['-provider', 'legacy', '-provider', 'default'] : []
    const out = ['-passout', 'pass:secret', '-out', path('enc.pem')]
    run('openssl', ['pkcs8', '-topk8', '-in', path('key.pem'), ...how, ...out, ...legacy])
    const text = Buffer.from(readFileSync(path('enc.pem'), 'utf8') + cert)
    assert.equal((await readKeyStore(text, 'secret')).identities.length, 1, how.join(' '))
    await assert.rejects(readKeyStore(text, 'wrong'), failing('DESTINATION_KEY_STORE_PASSWORD'), how.join(' '))
    await assert.rejects(readKeyStore(text, undefined), failing('DESTINATION_KEY_STORE_PASSWORD'))
  }
})
