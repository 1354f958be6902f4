import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import { isRegisteredRedirect } from '../src/redirect-uri.ts'

const patterns = ['https://*.apps.test/**', 'http://localhost:*/**', 'https://fixed.test/a/*/c', 'myapp://callback']

test('addresses are compared part by part with the patterns', () => {
  for (const good of [
    'https://a.apps.test/',
    'https://a.apps.test/login/callback?x=1',
    'http://localhost:5000/login/callback',
    'http://localhost/x',
    'https://fixed.test/a/b/c',
    'https://fixed.test:443/a/b/c',
    'myapp://callback',
  ])
    assert.ok(isRegisteredRedirect(good, patterns), good)
  for (const bad of [
    'http://a.apps.test/',
    'https://a.b.apps.test/',
    'https://apps.test/',
    'https://a.apps.test:8443/',
    'https://evil.test/.apps.test/',
    'https://evil.test?.apps.test/',
    'https://evil.test#.apps.test/',
    'https://a.apps.test@evil.test/',
    'https://a.apps.test.evil.test/',
    'https://evil.test\\.apps.test/',
    'https://ev\til.apps.test/',
    'http://localhost.evil.test:1/',
    'http://localhost:1@evil.test/',
    'https://fixed.test/a/b/c/d',
    'https://fixed.test/a/b/c?x=1',
    'https://fixed.test/a/../../c',
    'myapp://callback/more',
    'javascript:alert(1)',
    'data:text/html,x',
    '/relative',
    '',
  ])
    assert.ok(!isRegisteredRedirect(bad, patterns), bad)
  assert.ok(!isRegisteredRedirect('javascript:alert(1)', ['javascript:alert(1)']), 'even when registered')
  assert.ok(!isRegisteredRedirect('https://a.test/', []))
})

test('whatever is accepted leads to a registered host', () => {
  const part = fc.constantFrom(
    'https:',
    'http:',
    '//',
    '/',
    '\\',
    '@',
    ':',
    '#',
    '?',
    '.',
    'apps.test',
    'evil.test',
    'localhost',
    '1',
    '%2e',
    'a',
    '\n',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const candidate = parts.join('')
      if (!isRegisteredRedirect(candidate, patterns.slice(0, 2))) return
      const { hostname, protocol } = new URL(candidate)
      assert.ok(protocol === 'https:' ? /^[^.]+\.apps\.test$/.test(hostname) : hostname === 'localhost', candidate)
    }),
    runs(5_000),
  )
})
