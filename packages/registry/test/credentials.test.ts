import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '@landbridge/kernel'
import { renderCredentials } from '../src/index.ts'
import { bound, endpoints, subaccount } from './sample-landscape.ts'

test('connectivity credentials name the proxies with ports as texts, also under the deprecated names (CONN-001, CONN-002, CONN-003, CONN-004, RC-005, RFC-008, RFC-009)', () => {
  const credentials = renderCredentials(bound('connectivity'), endpoints)
  for (const service of ['connectivity', 'destination'] as const)
    assert.equal(renderCredentials(bound(service), endpoints).xsappname, `clone3!b3|${service}!b1`)
  assert.equal(credentials.onpremise_proxy_host, 'proxy.example.test')
  assert.equal(credentials.onpremise_proxy_http_port, '20003')
  assert.equal(credentials.onpremise_proxy_port, '20003')
  assert.equal(credentials.onpremise_socks5_proxy_port, '20004')
  assert.equal(credentials.onpremise_proxy_rfc_port, '20001')
  assert.equal(credentials.onpremise_proxy_ldap_port, '20001')
  assert.equal(credentials.clientid, 'sb-clone3!b3|connectivity!b1')
  assert.equal(credentials.clientsecret, 's3cret')
  assert.equal(credentials.token_service_url, credentials.url)
})

test('identity credentials name the issuer of the tenant, without trailing slash and one label below the domain (RC-048)', () => {
  const url = 'https://acme.accounts.authentication.example.test:8081'
  assert.deepEqual(renderCredentials(bound('identity'), endpoints), {
    clientid: 'sb-clone3!b3|identity!b1',
    clientsecret: 's3cret',
    url,
    domains: ['accounts.authentication.example.test:8081'],
    domain: 'accounts.authentication.example.test:8081',
    app_tid: subaccount.id,
    zone_uuid: subaccount.id,
    authorization_endpoint: `${url}/oauth2/authorize`,
    end_session_endpoint: `${url}/oauth2/logout`,
    'credential-type': 'SECRET',
  })
})

test('without a token service of its own the platform says that it has no identity service', () => {
  const { identityDomain: _off, ...others } = endpoints
  assert.throws(() => renderCredentials(bound('identity'), others), { code: 'IDENTITY_SERVICE_OFF' })
})

test('the token service URL has no path, so that appending one works (CONN-005)', () => {
  const credentials = renderCredentials(bound('connectivity'), endpoints)
  const url = new URL(`${credentials.token_service_url}/oauth/token`)
  assert.equal(url.pathname, '/oauth/token')
  assert.equal(url.host, 'acme.authentication.example.test:8081')
})

test('a token service URL of its own replaces the name of the tenant, for machines that do not resolve it (CONN-005)', () => {
  const credentials = renderCredentials(bound('connectivity'), {
    ...endpoints,
    uaaDomain: 'localhost:8081',
    tokenServiceUrl: 'https://localhost:8081',
  })
  for (const name of ['url', 'certurl', 'token_service_url']) assert.equal(credentials[name], 'https://localhost:8081')
  assert.equal(credentials.uaadomain, 'localhost:8081')
})

test('destination credentials hold what every client library reads (CONN-006, CONN-010, RC-003)', () => {
  const credentials = renderCredentials(bound('destination'), endpoints)
  for (const name of ['clientid', 'clientsecret', 'uri', 'url', 'uaadomain', 'tenantid', 'identityzone', 'instanceid'])
    assert.equal(typeof credentials[name], 'string', name)
  assert.equal(credentials.xsappname, 'clone3!b3|destination!b1')
  assert.equal(credentials.tenantid, subaccount.id)
  assert.equal(credentials.tenantmode, 'dedicated')
  assert.equal(renderCredentials(bound('connectivity'), endpoints).xsappname, 'clone3!b3|connectivity!b1')
})

test('the destination URI ends neither in a slash nor in a path (RC-004)', () => {
  assert.equal(renderCredentials(bound('destination'), endpoints).uri, 'http://destination.example.test:8082')
})

test('the identity zone stands in the token URL exactly once (RC-008)', () => {
  for (const service of ['xsuaa', 'destination', 'connectivity'] as const) {
    const { url, identityzone } = renderCredentials(bound(service), endpoints) as { url: string; identityzone: string }
    assert.equal(url.split(identityzone).length - 1, 1)
  }
})

test('xsuaa credentials carry zone, key and service addresses (CONN-013, RC-014)', () => {
  const credentials = renderCredentials(bound('xsuaa'), endpoints)
  assert.equal(credentials.clientid, 'sb-app!t2')
  assert.equal(credentials.xsappname, 'app!t2')
  assert.equal(credentials.identityzone, 'acme')
  assert.equal(credentials.identityzoneid, subaccount.id)
  assert.equal(credentials.apiurl, 'https://api.authentication.example.test:8081')
  assert.equal(credentials.sburl, 'https://internal-xsuaa.authentication.example.test:8081')
  assert.match(String(credentials.verificationkey), /^-----BEGIN PUBLIC KEY-----\n/)
  assert.equal(credentials['credential-type'], 'binding-secret')
})

test('an X.509 binding has certificate, key and certificate URL instead of a secret (CONN-017, RC-015)', () => {
  const { binding, ...rest } = bound('destination')
  const { clientSecret: _none, ...x509 } = binding
  const credentials = renderCredentials(
    { ...rest, binding: { ...x509, credentialType: 'x509', certificate: 'CERT', privateKey: new Secret('KEY') } },
    endpoints,
  )
  assert.equal('clientsecret' in credentials, false)
  assert.equal(credentials.certificate, 'CERT')
  assert.equal(credentials.key, 'KEY')
  assert.equal(credentials.certurl, 'https://acme.authentication.cert.example.test:8081')
  assert.equal(credentials['credential-type'], 'x509')
})

test('without binding parameters there are no certificate fields (CONN-016)', () => {
  const credentials = renderCredentials(bound('connectivity'), endpoints)
  assert.equal('certificate' in credentials || 'key' in credentials, false)
})

test('the service key of a proxy says where its connectivity service and token endpoint are', () => {
  const credentials = renderCredentials(bound('connectivity_proxy'), endpoints)
  assert.deepEqual(credentials.connectivity_service, {
    url: 'https://connectivity.example.test:8083',
    api_path: '/api/v1',
    CAs_path: '/api/v1/CAs',
    tunnel_path: '/api/v1/tunnels',
  })
  assert.equal(credentials.token_service_url, 'https://acme.authentication.example.test:8081/oauth/token')
  assert.equal(
    String(credentials.token_service_url_pattern).replace('{tenant}', String(credentials.subaccount_subdomain)),
    credentials.token_service_url,
  )
})

test('where somebody else issues the tokens, credentials have the configured client or none, never one of ours', () => {
  const issued = {
    ...endpoints,
    tokenServiceUrl: 'https://id.example.test',
    tokenEndpoint: 'https://id.example.test/token',
    clientOf: ({ instance }: { instance: { service: string } }) =>
      instance.service === 'connectivity_proxy' ? { clientId: 'proxy', clientSecret: new Secret('theirs') } : undefined,
  }
  const key = renderCredentials(bound('connectivity_proxy'), issued)
  assert.deepEqual([key.clientid, key.clientsecret], ['proxy', 'theirs'])
  assert.equal(key.token_service_url, 'https://id.example.test/token')
  assert.equal(key.token_service_url_pattern, undefined)
  const other = renderCredentials(bound('destination'), issued)
  assert.equal(other.url, 'https://id.example.test')
  assert.ok(!('clientid' in other) && !('clientsecret' in other) && !JSON.stringify(other).includes('s3cret'))
})
