import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearer, proxyToken } from '@landbridge/proxy'

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

test('the token stands behind Bearer in any case, or is the user of Basic with an empty password', () => {
  assert.equal(proxyToken('Bearer a.b.c'), 'a.b.c')
  assert.equal(proxyToken('bEARER   a.b.c'), 'a.b.c')
  assert.equal(proxyToken(basic('a.b.c:')), 'a.b.c')
  assert.equal(bearer('bearer  x'), 'x')
  assert.equal(bearer(' x '), 'x')
})

test('a missing token is told apart from a malformed one', () => {
  assert.throws(() => proxyToken(''), { code: 'PROXY_AUTHORIZATION_MISSING' })
  for (const value of ['Bearer', 'Bearer ', 'a.b.c', 'Digest x', basic('a.b.c'), basic('a:secret'), basic(':')])
    assert.throws(() => proxyToken(value), { code: 'PROXY_AUTHORIZATION_MALFORMED' }, value)
})
