import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPlatformError } from '@landbridge/kernel'
import fc from '@landbridge/testkit/properties'
import { tokenUrl } from '../src/index.ts'

const common = (url: string) => ({ tokenServiceURL: url, tokenServiceURLType: 'Common' })
const failed = (thrown: unknown) => isPlatformError(thrown, 'DESTINATION_TOKEN_FAILED')

test('Common fills the placeholder anywhere, or puts the tenant in front of the host (DEST-105)', () => {
  for (const [configured, effective] of [
    [
      'https://authentication.us10.example.test/oauth/token',
      'https://mytenant.authentication.us10.example.test/oauth/token',
    ],
    [
      'https://{tenant}.authentication.us10.example.test/oauth/token',
      'https://mytenant.authentication.us10.example.test/oauth/token',
    ],
    [
      'https://authentication.myauth.test/tenant/{tenant}/oauth/token',
      'https://authentication.myauth.test/tenant/mytenant/oauth/token',
    ],
    ['https://oauth.{tenant}.myauth.test/token', 'https://oauth.mytenant.myauth.test/token'],
  ] as const)
    assert.equal(tokenUrl(common(configured), 'mytenant'), effective)
})

test('Common keeps port and query of the URL (DEST-106)', () => {
  assert.equal(tokenUrl(common('https://idp.test:8443/t?a=b%20c'), 't1'), 'https://t1.idp.test:8443/t?a=b%20c')
})

test('Dedicated, in any case or absent, leaves the URL as it is, query included (DEST-104)', () => {
  const url = 'https://idp.test/{x}?company_id=a+b%2Fc'
  for (const type of [undefined, '', 'Dedicated', 'dedicated'])
    assert.equal(
      tokenUrl({ tokenServiceURL: url, ...(type === undefined ? {} : { tokenServiceURLType: type }) }, 't'),
      'https://idp.test/%7Bx%7D?company_id=a+b%2Fc',
    )
})

test('a tenant that is no DNS label never reaches the URL (DEST-113)', () => {
  for (const tenant of ['', '.', 'a.b', 'a/b', 'a@b', 'a:1', '-a', 'a-', 'ä', 'a'.repeat(64), 'a\n'])
    assert.throws(() => tokenUrl(common('https://{tenant}.idp.test/'), tenant), failed, tenant)
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/)
  fc.assert(
    fc.property(label, (tenant) => {
      assert.ok(tokenUrl(common('https://idp.test/x'), tenant).endsWith('.idp.test/x'))
    }),
  )
})

test('a tenant cannot be put in front of an address', () => {
  assert.throws(() => tokenUrl(common('https://127.0.0.1/x'), 't1'), failed)
  assert.throws(() => tokenUrl(common('https://[::1]/x'), 't1'), failed)
})
