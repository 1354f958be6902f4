import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redact } from '../src/index.ts'

test('no secret of a destination survives in a text of foreign origin, in whatever form it is echoed (DEST-054)', () => {
  const properties = {
    clientId: 'c',
    clientSecret: 'a"b&c d',
    tokenServiceUser: 'tech',
    tokenServicePassword: 'pass-word',
    'tokenServiceURL.headers.X-Api-Key': 'api-key',
    URL: 'https://kept.test',
  }
  const text = [
    'a"b&c d',
    encodeURIComponent('a"b&c d'),
    JSON.stringify('a"b&c d'),
    Buffer.from('c:a"b&c d').toString('base64'),
    Buffer.from('tech:pass-word').toString('base64'),
    'api-key',
    'the-user-token',
    'https://kept.test',
  ].join(' ')
  assert.equal(redact(text, properties, ['the-user-token']), '*** *** "***" *** *** *** *** https://kept.test')
})
