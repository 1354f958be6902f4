import assert from 'node:assert/strict'
import { createCipheriv, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { describeError, isPlatformError, keyIdOf, looksSealed, Sealer } from '../src/index.ts'

const [old, current, other] = [randomBytes(32), randomBytes(32), randomBytes(32)]

/** A value as the first version wrote it: without the ID of its key. */
function sealedWithoutKeyId(key: Buffer, plain: string, context: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')}`
}

test('a value names the key that sealed it, and former keys open what they sealed but seal nothing', () => {
  const before = new Sealer(old)
  const after = new Sealer(current, [old])
  const sealed = before.seal('pässword', 'place')
  assert.ok(sealed.startsWith(`v2.${keyIdOf(old)}.`) && looksSealed(sealed))
  assert.equal(after.open(sealed, 'place'), 'pässword')
  assert.equal(after.isCurrent(sealed), false)
  const again = after.seal('', 'place')
  assert.ok(after.isCurrent(again))
  assert.equal(new Sealer(current).open(again, 'place'), '')
  assert.deepEqual([after.keyId, ...after.keyIds], [keyIdOf(current), keyIdOf(current), keyIdOf(old)])
  assert.deepEqual(new Sealer(old, [old]).keyIds, [keyIdOf(old)])
})

test('a value of the first version opens with whichever key fits', () => {
  const sealed = sealedWithoutKeyId(old, 'secret', 'place')
  const ring = new Sealer(current, [other, old])
  assert.equal(ring.open(sealed, 'place'), 'secret')
  assert.equal(ring.neededKey(sealed, 'place'), keyIdOf(old))
  assert.equal(ring.isCurrent(sealed), false)
  assert.throws(
    () => new Sealer(current, [other]).open(sealed, 'place'),
    (thrown) => isPlatformError(thrown, 'SEALING_KEY_MISSING') && thrown.facts.keyId === 'unknown',
  )
  assert.equal(new Sealer(current).neededKey(sealed, 'place'), undefined)
})

test('without its key, the error names the key that is wanted and those that are there, and neither key nor text', () => {
  const sealed = new Sealer(old).seal('the secret text', 'place')
  let told = ''
  try {
    new Sealer(current, [other]).open(sealed, 'place')
  } catch (thrown) {
    assert.ok(isPlatformError(thrown, 'SEALING_KEY_MISSING'))
    told = `${describeError(thrown)} ${JSON.stringify(thrown.facts)}`
  }
  for (const key of [old, current, other]) {
    assert.ok(told.includes(keyIdOf(key)))
    for (const encoding of ['base64', 'base64url', 'hex'] as const) assert.ok(!told.includes(key.toString(encoding)))
  }
  assert.doesNotMatch(told, /the secret text/)
  assert.match(told, /former key/)
})

test('a value that was changed, cut short, relabelled or taken to another place does not open', () => {
  const ring = new Sealer(current, [old])
  const sealed = new Sealer(old).seal('secret', 'place')
  const swapped = sealed.endsWith('A') ? 'B' : 'A'
  for (const broken of [
    `${sealed.slice(0, 30)}${sealed[30] === 'x' ? 'y' : 'x'}${sealed.slice(31)}`,
    `${sealed.slice(0, -2)}${swapped}${swapped}`,
    sealed.replace(keyIdOf(old), keyIdOf(current)),
    sealed.slice(0, 40),
    `v3${sealed.slice(2)}`,
    '',
    '"v1.x"',
  ])
    assert.throws(() => ring.open(broken, 'place'), Error, broken)
  assert.throws(() => ring.open(sealed, 'another'), /changed, or belongs to another place/)
  assert.throws(() => new Sealer(Buffer.alloc(31)), TypeError)
})
