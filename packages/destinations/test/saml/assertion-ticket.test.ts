import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, verify, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { selfSigned } from '@landbridge/identity'
import { systemClock } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import { ContentInfo, SignedData } from '@peculiar/asn1-cms'
import { AsnConvert } from '@peculiar/asn1-schema'
import { dsa, ec } from './ticket-keys.ts'
import { tokenSourceFixture } from './token-source-fixture.ts'

const at = tokenSourceFixture()
const systems = { IssuerSID: 'JAV', IssuerClient: '000', RecipientSID: 'ABC', RecipientClient: '100' }
const jane = { user_name: 'jane', employee: 'E1' }

async function rsa() {
  const { cert, key } = await selfSigned(
    { purpose: 'signature', subject: { CN: 'IT1' }, keySize: 2048 },
    30,
    systemClock,
  )
  const der = createPrivateKey(key.reveal()).export({ format: 'der', type: 'pkcs8' })
  return { SigningKey: der.toString('base64'), Certificate: new X509Certificate(cert).raw.toString('base64') }
}

function sso(more: Record<string, string> = {}): Record<string, string> {
  return { Authentication: 'SAPAssertionSSO', ...systems, ...dsa, ...more }
}

interface Ticket {
  readonly head: string
  /** Hexadecimal, by unit number. */
  readonly units: ReadonlyMap<number, Buffer>
  readonly content: Buffer
  readonly signature: Buffer
}

function parse(base64: string): Ticket {
  const bytes = Buffer.from(base64, 'base64')
  const units = new Map<number, Buffer>()
  let [at, end] = [5, 0]
  while (at < bytes.length) {
    const [id, length] = [bytes.readUInt8(at), bytes.readUInt16BE(at + 1)]
    if (id === 0xff) end = at
    units.set(id, bytes.subarray(at + 3, at + 3 + length))
    at += 3 + length
  }
  assert.equal(at, bytes.length)
  return { head: bytes.toString('latin1', 0, 5), units, content: bytes.subarray(0, end), signature: units.get(0xff)! }
}

test('a ticket is the value of the header MYSAPSSO2, without a scheme, and is dated anew each time (DEST-158)', async () => {
  const first = await at.token(sso(), jane)
  assert.deepEqual(Object.keys(first).sort(), ['http_header', 'type', 'value'])
  assert.equal(first.type, 'MYSAPSSO2')
  assert.deepEqual(first.http_header, { key: 'MYSAPSSO2', value: first.value })
  at.clock.advance(60_000)
  assert.notEqual((await at.token(sso(), jane)).value, first.value)
  assert.equal(at.requests.length, 0)
})

test('a ticket holds user, systems, time and the signature in their units, the signature last (DEST-159)', async () => {
  const { head, units } = parse((await at.token(sso(), jane)).value)
  assert.equal(head, '\u00021100')
  const text = (id: number) => units.get(id)?.toString('latin1')
  assert.deepEqual([...units.keys()], [1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 0x88, 0xff])
  assert.deepEqual([1, 2, 3, 10, 15, 16, 0x88].map(text), ['jane', '000', 'JAV', 'jane', '100', 'ABC', 'default'])
  const minute = new Date(at.clock.now()).toISOString().replaceAll(/[-:T]/g, '').slice(0, 12)
  assert.equal(text(4), minute)
  assert.deepEqual(
    [5, 7, 8].map((id) => units.get(id)?.toString('hex')),
    ['00000000', '00000002', '01'],
  )
})

test('a user whom ISO-8859-1 cannot write is written in UTF-8', async () => {
  const umlaut = parse((await at.token(sso(), { user_name: 'müller' })).value)
  assert.equal(umlaut.head, '\u00021100')
  assert.equal(umlaut.units.get(1)?.toString('latin1'), 'müller')
  assert.equal(umlaut.units.get(10)?.toString('utf8'), 'müller')
  const polish = parse((await at.token(sso(), { user_name: 'łukasz' })).value)
  assert.equal(polish.head, '\u00024110')
  assert.equal(polish.units.get(1)?.toString('utf8'), 'łukasz')
})

for (const [name, keys, digest, more] of [
  ['DSA with 160 bits', async () => dsa, 'sha1', {}],
  ['DSA, asked for SHA-256', async () => dsa, 'sha256', { signatureDigest: 'SHA-256' }],
  ['RSA', rsa, 'sha256', {}],
  ['RSA, asked for SHA-1', rsa, 'sha1', { signatureDigest: 'sha-1' }],
  ['EC', async () => ec, 'sha256', {}],
] as const)
  test(`the signature verifies with the certificate: ${name} (DEST-159)`, async (t) => {
    const pair = await keys()
    const { content, signature } = parse((await at.token(sso({ ...pair, ...more }), jane)).value)
    const certificate = new X509Certificate(Buffer.from(pair.Certificate, 'base64'))
    const data = AsnConvert.parse(AsnConvert.parse(signature, ContentInfo).content, SignedData)
    assert.equal(data.encapContentInfo.eContent, undefined, 'the signature is detached')
    const [signer, ...others] = data.signerInfos
    assert.equal(others.length, 0)
    assert.ok(signer !== undefined)
    assert.ok(verify(digest, content, certificate.publicKey, Buffer.from(signer.signature.buffer)))
    const forged = Buffer.from(content).fill('x', 8, 9)
    assert.ok(!verify(digest, forged, certificate.publicKey, Buffer.from(signer.signature.buffer)))
    if (!openssl(content, signature, certificate.toString())) t.diagnostic('no openssl on this machine')
    else assert.throws(() => openssl(forged, signature, certificate.toString()), /verif/i)
  })

/** True when openssl verified it, false when there is no openssl. */
function openssl(content: Buffer, signature: Buffer, certificate: string): boolean {
  using folder = temporaryFolder()
  const file = (name: string, bytes: Buffer | string) => {
    writeFileSync(join(folder.path, name), bytes)
    return join(folder.path, name)
  }
  const given = ['-content', file('content', content), '-certfile', file('certificate.pem', certificate)]
  const form = ['cms', '-verify', '-binary', '-inform', 'DER', '-in', file('signature', signature)]
  try {
    execFileSync('openssl', [...form, ...given, '-noverify', '-out', join(folder.path, 'out')], { stdio: 'pipe' })
    return true
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return false
    throw failure
  }
}

test('the user is SystemUser, else the claim of userIdSource, else user_name (DEST-160)', async () => {
  const user = async (more: Record<string, string>, claims: object = jane) =>
    parse((await at.token(sso(more), claims)).value)
      .units.get(1)
      ?.toString()
  assert.equal(await user({}), 'jane')
  assert.equal(await user({ userIdSource: 'employee' }), 'E1')
  assert.equal(await user({ userIdSource: 'nothing' }), 'jane')
  assert.equal(await user({ SystemUser: 'TECH', userIdSource: 'employee' }), 'TECH')
  assert.equal(await user({ SystemUser: 'TECH' }, { grant_type: 'client_credentials' }), 'TECH')
  assert.match((await at.token(sso(), { grant_type: 'client_credentials' })).error ?? '', /belongs to no user/)
  assert.match((await at.token(sso(), { email: 'jane@corp.test' })).error ?? '', /no claim user_name/)
})

test('equals signs that were escaped for a properties file are understood', async () => {
  const escaped = Object.fromEntries(Object.entries(dsa).map(([name, value]) => [name, value.replaceAll('=', '\\=')]))
  assert.equal((await at.token(sso(escaped), jane)).error, undefined)
})

test('what is missing or does not fit is named in the error, without the key (DEST-161)', async () => {
  for (const name of ['IssuerSID', 'IssuerClient', 'RecipientSID', 'RecipientClient', 'Certificate', 'SigningKey'])
    assert.match((await at.token(sso({ [name]: '' }), jane)).error ?? '', new RegExp(`property ${name} is missing$`))
  const cases = [
    [{ SigningKey: ec.SigningKey }, /SigningKey is not the key of Certificate/],
    [{ SigningKey: 'AAAA' }, /SigningKey is not a private key/],
    [{ Certificate: dsa.SigningKey }, /Certificate is not an X\.509 certificate/],
    [{ signatureDigest: 'MD5' }, /signatureDigest must be/],
    [{ IssuerSID: 'x'.repeat(70_000) }, /256 characters at most/],
  ] as const
  for (const [more, expected] of cases) {
    const { error = '' } = await at.token(sso(more), jane)
    assert.match(error, expected)
    assert.ok(!error.includes(dsa.SigningKey.slice(0, 20)))
  }
})
