import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import { UaaDomain } from '../src/uaa-domain.ts'

test('the tenant is the one label before the domain, whatever the port, also on hosts for certificates (RC-018, RC-021)', () => {
  const domain = new UaaDomain('Authentication.eu.example.test:8443')
  assert.equal(domain.subdomainOf('demo.authentication.eu.example.test:8443'), 'demo')
  assert.equal(domain.subdomainOf('demo.authentication.eu.example.test'), 'demo')
  assert.equal(domain.subdomainOf('DEMO.authentication.cert.eu.example.test:1'), 'demo')
  assert.ok(domain.covers('authentication.cert.eu.example.test'))
  for (const host of [
    'authentication.eu.example.test:8443',
    'a.b.authentication.eu.example.test',
    'eu.example.test',
    '',
    '127.0.0.1:1',
    '-.authentication.eu.example.test',
  ])
    assert.equal(domain.subdomainOf(host), undefined, host)
})

test('the issuer is built from the subdomain and read back exactly (RC-043)', () => {
  const domain = new UaaDomain('localhost:8081')
  assert.equal(domain.issuerOf('demo'), 'https://demo.localhost:8081/oauth/token')
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/), (subdomain) => {
      assert.equal(domain.subdomainOfIssuer(domain.issuerOf(subdomain)), subdomain)
      assert.equal(domain.subdomainOf(`${subdomain}.localhost:8081`), subdomain)
    }),
  )
  for (const issuer of [
    'https://localhost:8081/oauth/token',
    'http://demo.localhost:8081/oauth/token',
    'https://demo.localhost/oauth/token',
    'https://demo.localhost:8081/oauth/token/',
    'https://evil.test/.localhost:8081/oauth/token',
    'https://evil.test#.localhost:8081/oauth/token',
    'https://a.b.localhost:8081/oauth/token',
  ])
    assert.equal(domain.subdomainOfIssuer(issuer), undefined, issuer)
})
