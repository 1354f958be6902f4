import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, verifyPassword } from '../src/index.ts'

test('a password verifies against its own hash only, and equal passwords have different hashes', async () => {
  const [one, two] = await Promise.all([hashPassword('sésame'), hashPassword('sésame')])
  assert.notEqual(one, two)
  assert.match(one, /^scrypt\$15\$8\$1\$/)
  assert.equal(await verifyPassword('sésame', one), true)
  assert.equal(await verifyPassword('se\u0301same', two), true)
  assert.equal(await verifyPassword('Sésame', one), false)
  assert.equal(await verifyPassword('', one), false)
})

test('an unknown user and a damaged hash are false, not an error', async () => {
  assert.equal(await verifyPassword('x', undefined), false)
  assert.equal(await verifyPassword('x', 'plain'), false)
  assert.equal(await verifyPassword('x', 'scrypt$15$8$1$AAAA$short'), false)
})
