import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { onEveryDatabase } from './support/databases.ts'
import { startService, type TestService } from './support/service.ts'

await onEveryDatabase(async (newUrl) => {
  let service: TestService
  before(async () => {
    service = await startService(await newUrl())
  })
  after(() => service.close())

  const base = { Name: 'checked', Type: 'HTTP', URL: 'https://x.test' }
  const oauth = {
    ...base,
    Authentication: 'OAuth2ClientCredentials',
    clientId: 'c',
    clientSecret: 's',
    tokenServiceURL: 'https://{tenant}.idp.test/token',
  }

  test('a property with a closed set of values is refused with its name and the values (DEST-038)', async () => {
    for (const [property, wrong, word] of [
      ['TrustAll', 'yes', 'TRUE or FALSE'],
      ['HostnameVerifier', 'Lax', 'Strict or BrowserCompatible'],
      ['tokenServiceURLType', 'common', 'Dedicated or Common'],
      ['tokenService.addClientCredentialsInBody', '1', 'TRUE or FALSE'],
      ['tokenServiceURL.ProxyType', 'Direct', 'Internet or OnPremise'],
      ['SAMLAssertionProvider', 'Somebody', 'DestinationServiceGenerated or ClientProvided'],
      ['samlAssertionEncoding', 'hex', 'base64 or base64url'],
      ['URL.headers.X-Own', 'a\r\nX-Other: b', 'line breaks'],
      ['URL.queries.q', 'a\nb', 'line breaks'],
    ] as const) {
      const reply = await service.call('POST', '/subaccountDestinations', { body: { ...oauth, [property]: wrong } })
      assert.equal(reply.status, 400, property)
      const message = (reply.body as { ErrorMessage: string }).ErrorMessage
      assert.ok(message.includes(`property ${property} `) && message.includes(word), message)
    }
  })

  test('several mistakes are reported in one answer, each with property and reason (DEST-038)', async () => {
    const body = { ...oauth, Name: 'a b', ProxyType: 'Moon', TrustAll: 'maybe' }
    const reply = await service.call('POST', '/subaccountDestinations', { body })
    assert.equal(reply.status, 400)
    for (const property of ['Name', 'ProxyType', 'TrustAll'])
      assert.match(reply.text, new RegExp(`property ${property} `))
  })

  test('truth values in any case, odd timeouts and unknown properties are accepted (DEST-048)', async () => {
    const body = {
      ...oauth,
      TrustAll: 'true',
      'tokenService.addClientCredentialsInBody': 'False',
      'tokenServiceURL.ConnectionTimeoutInSeconds': '100000',
      Preemptive: 'whatever',
      own: 'any\ntext',
      TrustStoreLocation: 'comes-later.pem',
    }
    assert.equal((await service.call('POST', '/subaccountDestinations', { body })).status, 201)
  })

  test('a mail destination goes over the Internet or a Cloud Connector only (DEST-051)', async () => {
    const mail = { Name: 'mail', Type: 'MAIL', ProxyType: 'PrivateLink' }
    assert.equal((await service.call('POST', '/subaccountDestinations', { body: mail })).status, 400)
    assert.equal(
      (await service.call('POST', '/subaccountDestinations', { body: { ...mail, ProxyType: 'OnPremise' } })).status,
      201,
    )
  })
})
