import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isPlatformError } from '@landbridge/kernel'
import { assertionXml, newProvider, type Saying, type Signing } from './saml-provider.ts'
import { claimsOf, startTestService, tenants } from './test-service.ts'

const grantType = 'urn:ietf:params:oauth:grant-type:saml2-bearer'
const issuer = 'cfapps.test/another-subaccount'
const [provider, nextProvider, stranger] = [await newProvider(), await newProvider(), await newProvider()]
const service = await startTestService({
  config: {
    samlIssuers: [
      {
        entityId: issuer,
        certificates: [nextProvider.certificate, provider.certificate],
        subaccountId: tenants[0]!.id,
        origin: 'other-subaccount',
      },
    ],
    roleCollectionScopes: { Viewer: ['$XSAPPNAME.View'] },
  },
})
after(() => service.close())
const host = `sub1.${service.app.uaaDomain}`
const entityId = host
const aliasPath = `/oauth/token/alias/${entityId}`
const recipient = `https://${host}${aliasPath}`

function unsigned(change: Partial<Saying> = {}): string {
  return assertionXml({ issuer, audience: entityId, recipient, nowMs: service.clock.now(), ...change })
}

function signed(change: Partial<Saying> = {}, how: Signing = {}): string {
  return provider.sign(unsigned(change), how)
}

function present(xml: string, encoding: 'base64' | 'base64url' = 'base64url', path = aliasPath, at = host) {
  const assertion = Buffer.from(xml).toString(encoding)
  const form = { client_id: 'sb-app!t1', client_secret: 's1+/=', grant_type: grantType, assertion }
  return service.post(path, { host: at, form })
}

async function assertRefused(xml: string, reason: RegExp): Promise<void> {
  const { status, json } = await present(xml)
  assert.equal(status, 400, xml)
  assert.equal(json.error, 'invalid_grant')
  assert.match(json.error_description, reason)
}

test('a signed assertion of a trusted identity provider becomes a token of its user in this tenant (CONN-044)', async () => {
  const attributes = {
    mail: ['bob.b@corp.test'],
    first_name: ['Bob'],
    last_name: ['Builder'],
    Groups: ['staff', 'builders'],
    costcenter: ['4711'],
    'xs.rolecollections': ['Viewer'],
  }
  const { status, json } = await present(signed({ attributes }))
  assert.equal(status, 200)
  assert.equal(json.token_type, 'bearer')
  assert.equal(json.refresh_token, undefined)
  const claims = claimsOf(json.access_token)
  assert.equal(claims.grant_type, grantType)
  assert.equal(claims.zid, tenants[0]!.id)
  assert.equal(claims.user_name, 'bob@corp.test')
  assert.equal(claims.email, 'bob.b@corp.test')
  assert.equal(claims.given_name, 'Bob')
  assert.equal(claims.family_name, 'Builder')
  assert.equal(claims.origin, 'other-subaccount')
  assert.match(claims.user_id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assert.deepEqual(claims['xs.system.attributes'], {
    'xs.rolecollections': [],
    'xs.saml.groups': ['staff', 'builders'],
  })
  assert.deepEqual(claims['xs.user.attributes'], { costcenter: ['4711'], 'xs.rolecollections': ['Viewer'] })
  assert.ok(!claims.scope.includes('app!t1.View'))
})

test('an assertion may be in base64 or base64url, at either address, signed with any configured key (CONN-044)', async () => {
  const other = nextProvider.sign(
    unsigned({ nameId: 'ann', nameFormat: 'urn:x', recipient: `https://${host}/oauth/token` }),
  )
  const answers = [
    await present(signed(), 'base64'),
    await present(other, 'base64', '/oauth/token'),
    await present(signed(), 'base64url', aliasPath, service.app.uaaDomain),
    await present(signed({}, { digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha512' })),
  ]
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  assert.equal(claimsOf(answers[0]!.json.access_token).email, 'bob@corp.test')
  assert.equal(claimsOf(answers[1]!.json.access_token).user_name, 'ann')
  assert.equal(claimsOf(answers[1]!.json.access_token).email, '')
})

test('a changed, unsigned or foreignly signed assertion is refused (CONN-044, CONN-045)', async () => {
  await assertRefused(signed().replace('bob@corp.test', 'root@corp.test'), /signature is not valid/)
  await assertRefused(unsigned(), /not signed/)
  // The stranger's own certificate is in KeyInfo, and does not count.
  await assertRefused(stranger.sign(unsigned()), /signature is not valid/)
  await assertRefused(stranger.sign(unsigned({ issuer: 'https://evil.test' })), /issuer is not trusted/)
  const change = {
    audience: `sub2.${service.app.uaaDomain}`,
    recipient: `https://sub2.${service.app.uaaDomain}/oauth/token`,
  }
  const elsewhere = await present(signed(change), 'base64', '/oauth/token', `sub2.${service.app.uaaDomain}`)
  assert.equal(elsewhere.json.error, 'invalid_grant')
  assert.match(elsewhere.json.error_description, /issuer is not trusted in this tenant/)
})

test('nothing that a signature does not cover may divide a signed name', async () => {
  const name = 'bob@corp.test.evil'
  for (const part of ['<!-- -->', '<?x?>'])
    await assertRefused(signed({ nameId: name }).replace('test.evil', `test${part}.evil`), /comment|processing/)
  const whole = signed({ nameId: name }).replace('test.evil', 'test<![CDATA[.evil]]>')
  assert.equal(claimsOf((await present(whole)).json.access_token).user_name, name)
})

test('signature wrapping in any arrangement is refused', async () => {
  const good = signed({ id: '_good' })
  const signature = /<ds:Signature.*<\/ds:Signature>/s.exec(good)![0]
  const bare = good.replace(signature, '')
  const evil = unsigned({ id: '_evil', nameId: 'root@corp.test' })
  const inside = (outer: string, inner: string): string =>
    outer.replace('</saml:Assertion>', `${inner}</saml:Assertion>`)
  const afterIssuer = (xml: string, more: string): string => xml.replace('</saml:Issuer>', `</saml:Issuer>${more}`)
  const object = (xml: string): string => `<ds:Object>${xml}</ds:Object></ds:Signature>`
  await assertRefused(inside(evil, good), /more than one assertion/)
  await assertRefused(inside(afterIssuer(evil, signature), bare), /more than one assertion/)
  await assertRefused(afterIssuer(evil, signature.replace('</ds:Signature>', object(bare))), /more than one assertion/)
  await assertRefused(`<Response>${good}${evil}</Response>`, /not a SAML 2.0 assertion/)
  await assertRefused(afterIssuer(evil, signature), /covers something else/)
  const sameId = evil.replace('_evil', '_good')
  await assertRefused(afterIssuer(sameId, signature), /signature is not valid/)
  await assertRefused(inside(afterIssuer(sameId, signature), '<x ID="_good"/>'), /not unique/)
  await assertRefused(inside(afterIssuer(sameId, signature), '<x xml:id="_good"/>'), /not unique/)
  await assertRefused(afterIssuer(good, signature), /more than one signature/)
  await assertRefused(good.replace('</ds:Signature>', object('<x/>')), /form that SAML prescribes/)
  const twice = good.replace(/(<ds:SignedInfo>.*<\/ds:SignedInfo>)/s, '$1$1')
  await assertRefused(twice, /form that SAML prescribes/)
})

test('a signature over a part of the assertion is refused', async () => {
  await assertRefused(signed({}, { covers: "//*[local-name(.)='Subject']" }), /covers something else|not unique/)
})

test('weak and unknown algorithms are refused', async () => {
  for (const how of [
    { signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' },
    { digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1' },
    { transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature'] },
  ])
    await assertRefused(signed({}, how), /algorithm that is not allowed/)
  const hmac = signed().replace('2001/04/xmldsig-more#rsa-sha256', '2000/09/xmldsig#hmac-sha1')
  await assertRefused(hmac, /algorithm that is not allowed/)
})

test('an assertion counts in its time only, with a minute for clocks that differ', async () => {
  const now = service.clock.now()
  const soon = { notBeforeMs: now + 50_000, notOnOrAfterMs: now + 90_000 }
  assert.equal((await present(signed(soon))).status, 200)
  assert.equal((await present(signed({ notBeforeMs: now - 90_000, notOnOrAfterMs: now - 50_000 }))).status, 200)
  await assertRefused(signed({ notBeforeMs: now + 70_000 }), /expired or is not valid yet/)
  await assertRefused(signed({ notBeforeMs: now - 90_000, notOnOrAfterMs: now - 60_000 }), /expired/)
  await assertRefused(signed({ confirmedUntilMs: now - 60_000 }), /expired/)
  await assertRefused(signed({ nowMs: now + 70_000, notBeforeMs: now }), /issued in the future/)
  const local = unsigned().replace(/NotOnOrAfter="([^"]+)Z"/, 'NotOnOrAfter="$1+02:00"')
  await assertRefused(provider.sign(local), /not in UTC/)
  await assertRefused(
    provider.sign(unsigned().replace(/ NotOnOrAfter="[^"]+" Recipient/, ' Recipient')),
    /confirmation/,
  )
})

test('an assertion for another audience, recipient or kind of confirmation is refused', async () => {
  await assertRefused(signed({ audience: `sub2.${service.app.uaaDomain}` }), /meant for somebody else/)
  const second = '<saml:AudienceRestriction><saml:Audience>other</saml:Audience></saml:AudienceRestriction>'
  await assertRefused(signed({ conditions: second }), /meant for somebody else/)
  await assertRefused(signed({ conditions: '<x:Odd xmlns:x="urn:x"/>' }), /not understood/)
  await assertRefused(provider.sign(unsigned().replace(/<saml:AudienceR.*Restriction>/, '')), /meant for somebody else/)
  await assertRefused(signed({ recipient: 'https://evil.test/oauth/token' }), /recipient/)
  await assertRefused(signed({ recipient: '' }), /recipient/)
  await assertRefused(signed({ method: 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key' }), /bearer confirmation/)
  await assertRefused(signed({ nameId: ' ' }), /names no user/)
})

test('an assertion works once, also when it arrives many times at once (CONN-044)', async () => {
  const xml = signed()
  const answers = await Promise.all([present(xml), present(xml), present(xml, 'base64')])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400])
  await assertRefused(xml, /used before/)
})

test('a refused assertion is not used up', async () => {
  const xml = signed()
  const assertion = Buffer.from(xml).toString('base64')
  const wrong = { client_id: 'sb-app!t1', client_secret: 'wrong', grant_type: grantType, assertion }
  assert.equal((await service.post(aliasPath, { host, form: wrong })).status, 401)
  assert.equal((await present(xml)).status, 200)
})

test('document types, entities, broken XML and oversized documents are refused before anything is believed', async () => {
  const xml = signed()
  await assertRefused(`<!DOCTYPE saml:Assertion [<!ENTITY e "x">]>${xml}`, /document type/)
  await assertRefused(`<!doctype x>${xml}`, /document type/)
  await assertRefused(xml.replace('bob@corp.test', '&e;'), /not well-formed/)
  await assertRefused(xml.replace('</saml:Subject>', ''), /not well-formed/)
  await assertRefused(xml.replace('bob@corp.test', 'a & b'), /not well-formed/)
  await assertRefused(xml.replace('<saml:Subject>', '<saml:Subject a=b>'), /not well-formed/)
  await assertRefused(xml.replace('bob@corp.test', 'bob\u0000'), /not well-formed/)
  await assertRefused(`${xml}${xml}`, /not well-formed|not XML/)
  await assertRefused('no XML', /not well-formed|not XML/)
  await assertRefused('<a>'.repeat(1_000) + '</a>'.repeat(1_000), /too deeply/)
  await assertRefused('<a>'.repeat(18_000) + '</a>'.repeat(18_000), /too many elements/)
  const attributes = Array.from({ length: 201 }, (_, index) => `a${index}=""`).join(' ')
  await assertRefused(xml.replace('<saml:Subject>', `<saml:Subject ${attributes}>`), /too many attributes/)
  await assertRefused(xml.replace('</saml:Assertion>', `${' '.repeat(140_000)}</saml:Assertion>`), /too large/)
  const form = { client_id: 'sb-app!t1', client_secret: 's1+/=', grant_type: grantType }
  for (const assertion of ['%%%', Buffer.from([0xff, 0xfe, 0x3c]).toString('base64')])
    assert.equal((await service.post(aliasPath, { host, form: { ...form, assertion } })).json.error, 'invalid_grant')
  assert.equal((await service.post(aliasPath, { host, form })).json.error, 'invalid_request')
})

test('the address with the alias takes assertions of its tenant only', async () => {
  const foreign = `/oauth/token/alias/sub2.${service.app.uaaDomain}`
  assert.equal((await present(signed(), 'base64', foreign)).json.error, 'invalid_request')
  const form = { client_id: 'sb-app!t1', client_secret: 's1+/=', grant_type: 'client_credentials' }
  assert.equal((await service.post(aliasPath, { host, form })).json.error, 'unsupported_grant_type')
})

test('the metadata of a tenant names its audience and the address for assertions (CONN-043)', async () => {
  const { status, text, headers } = await service.get('/saml/metadata', { host })
  assert.equal(status, 200)
  assert.match(headers['content-type'] ?? '', /xml/)
  assert.ok(text.startsWith('<?xml version="1.0" encoding="UTF-8"?>'))
  assert.equal(/<md:EntityDescriptor [^>]*entityID="([^"]+)"/.exec(text)?.[1], entityId)
  const consumer = `<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:URI" Location="${recipient}" index="1"/>`
  assert.ok(text.includes(consumer))
  assert.equal((await service.get('/saml/metadata')).json.error, 'invalid_request')
  assert.equal((await service.get('/saml/metadata', { host: `nobody.${service.app.uaaDomain}` })).status, 400)
})

test('the discovery document lists the grant', async () => {
  const { json } = await service.get('/.well-known/openid-configuration', { host })
  assert.ok(json.grant_types_supported.includes(grantType))
})

test('an expired certificate of an identity provider verifies nothing', async () => {
  service.clock.advance(2 * 365 * 86_400_000)
  await assertRefused(signed(), /signature is not valid/)
})

test('a certificate that cannot verify signatures stops the start', async () => {
  const samlIssuers = [{ entityId: issuer, certificates: ['no PEM'], subaccountId: tenants[0]!.id, origin: 'o' }]
  await assert.rejects(startTestService({ config: { samlIssuers } }), (thrown) =>
    isPlatformError(thrown, 'CONFIG_INVALID'),
  )
})

test('an identity provider whose metadata was pasted vouches for tokens, and nobody can log on with it (CONN-046)', async () => {
  const [, body] = /-----BEGIN CERTIFICATE-----([^-]+)-----/.exec(provider.certificate) ?? []
  const metadata = `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="pasted.test">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>
      <X509Certificate>${body}</X509Certificate>
    </X509Data></KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://pasted.test/sso"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`
  const own = await startTestService({
    config: { samlIssuers: [{ metadata, subaccountId: tenants[0]!.id, origin: 'pasted' }] },
  })
  try {
    const at = `sub1.${own.app.uaaDomain}`
    const to = `https://${at}/oauth/token/alias/${at}`
    const xml = provider.sign(
      assertionXml({ issuer: 'pasted.test', audience: at, recipient: to, nowMs: own.clock.now() }),
    )
    const form = {
      client_id: 'sb-app!t1',
      client_secret: 's1+/=',
      grant_type: grantType,
      assertion: Buffer.from(xml).toString('base64url'),
    }
    const { status, json } = await own.post(`/oauth/token/alias/${at}`, { host: at, form })
    assert.equal(status, 200, JSON.stringify(json))
    assert.equal(claimsOf(json.access_token).origin, 'pasted')
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'sb-app!t1',
      redirect_uri: 'https://app.test/login/callback',
      login_hint: JSON.stringify({ origin: 'pasted' }),
    })
    const page = await own.get(`/oauth/authorize?${query}`, { host: at })
    assert.equal(page.status, 200)
    assert.doesNotMatch(page.text.replaceAll(/value="[^"]*"/g, ''), /pasted/)
  } finally {
    await own.close()
  }
})
