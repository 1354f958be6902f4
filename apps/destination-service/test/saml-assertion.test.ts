import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { isSignedBy, readAssertion } from '@landbridge/testkit'
import { onEveryDatabase } from './support/databases.ts'
import { TokenFixture } from './support/token-fixture.ts'

await onEveryDatabase(async (newUrl) => {
  const at = await TokenFixture.start(newUrl)
  after(() => at.close())
  const { put, token, failure } = at
  let certificate = ''
  before(async () => {
    const reply = await at.service.call('POST', '/saml2Metadata/certificate')
    certificate = (reply.body as { certificate: string }).certificate
  })
  beforeEach(() => at.renewOAuthServer())

  function samlAssertion(more: Record<string, string> = {}): Promise<string> {
    return put({
      Authentication: 'SAMLAssertion',
      audience: 'https://s4.test',
      authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:X509',
      ...more,
    })
  }

  test('SAMLAssertion hands out a signed assertion with XML declaration, and calls nobody (DEST-155)', async () => {
    const user = await at.service.token({ user: 'jane' })
    const found = await token(await samlAssertion({ tokenServiceURL: at.oauth.url, nameQualifier: 'corp' }), {
      token: user,
    })
    assert.equal(found.type, 'SAML2.0')
    assert.deepEqual(found.http_header, { key: 'Authorization', value: `SAML2.0 ${found.value}` })
    assert.equal(found.expires_in, undefined)
    assert.equal(Buffer.from(found.value, 'base64').toString('base64'), found.value)
    const xml = Buffer.from(found.value, 'base64').toString()
    assert.match(xml, /^<\?xml version="1\.0" encoding="UTF-8"\?><saml2:Assertion /)
    assert.equal(await isSignedBy(xml, certificate), true)
    const read = readAssertion(xml)
    assert.equal(read.nameId, 'jane')
    assert.equal(read.nameQualifier, 'corp')
    assert.equal(read.audience, 'https://s4.test')
    assert.equal(read.recipient, 'https://erp.example.test')
    assert.equal(at.oauth.calls.length, 0)
  })

  test('assertionRecipient replaces the URL of the destination', async () => {
    const name = await samlAssertion({ assertionRecipient: 'https://recipient.test' })
    const { value } = await token(name, { token: await at.service.token({ user: 'jane' }) })
    assert.equal(readAssertion(Buffer.from(value, 'base64').toString()).recipient, 'https://recipient.test')
  })

  test('the same assertion is given out while it is valid, another for another user, and never an expired one (DEST-156)', async () => {
    const name = await samlAssertion()
    const [jane, john] = [await at.service.token({ user: 'jane' }), await at.service.token({ user: 'john' })]
    const read = async (user: string) => {
      const { value } = await token(name, { token: user })
      return readAssertion(Buffer.from(value, 'base64').toString())
    }
    const first = await read(jane)
    assert.equal((await read(jane)).id, first.id)
    assert.equal((await read(john)).nameId, 'john')
    for (let minutes = 0; minutes < 25; minutes++) {
      at.service.clock.advance(60_000)
      const given = await read(jane)
      assert.equal(given.nameId, 'jane')
      assert.ok(given.notOnOrAfterMs > at.service.clock.now() && given.confirmedUntilMs > at.service.clock.now())
    }
  })

  test('SAMLAssertion knows no SystemUser: without a user token there is an error (DEST-157)', async () => {
    const name = await samlAssertion({ SystemUser: 'TECH' })
    assert.match(await failure(name), /the token belongs to no user/)
    const { value } = await token(name, { token: await at.service.token({ user: 'jane' }) })
    assert.equal(readAssertion(Buffer.from(value, 'base64').toString()).nameId, 'jane')
  })
})
