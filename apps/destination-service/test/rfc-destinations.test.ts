import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { onEveryDatabase } from './support/databases.ts'
import { rfcSample } from './support/rfc-sample.ts'
import { startService, type TestService } from './support/service.ts'

type Json = Readonly<Record<string, unknown>>

/** As the guide prints them (L15094-15110, L15966-15982), with its leading blanks and placeholders. */
const onPremiseFile = `Name=JCoDemoSystem
 Type=RFC
 jco.client.ashost=abapserver.hana.cloud
 jco.client.sysnr=42
 jco.destination.proxy_type=OnPremise
 jco.client.user=<DEMOUSER>
 jco.client.passwd=<Password>
 jco.client.client=000
 jco.client.lang=EN
 jco.destination.pool_capacity=5
`
const importPath = '/subaccountDestinations/import?existing=fail'
const webSocketFile = `  Name=JCoDemoCloud
 Type=RFC
 jco.client.wshost= <id>.abap.eu10.hana.ondemand.com
 jco.client.wsport=443
 jco.client.alias_user=<DEMOUSER>
 jco.client.passwd=<Password>
 jco.client.client=100
 jco.client.lang=EN
 jco.destination.pool_capacity=5
 jco.destination.proxy_type=Internet
`
const { 'jco.client.ashost': _host, 'jco.client.sysnr': _number, ...noTarget } = rfcSample
const { 'jco.client.user': _user, 'jco.client.passwd': _password, ...noUser } = rfcSample
const balanced = { ...noTarget, 'jco.client.mshost': 'messages', 'jco.client.r3name': 'ABC' }
const webSocket = {
  ...noTarget,
  'jco.destination.proxy_type': 'Internet',
  'jco.client.wshost': 'my.abap.test',
  'jco.client.wsport': '443',
}
const certificateLogon = { 'jco.client.tls_client_certificate_logon': '1', KeyStoreLocation: 'own.p12' }

await onEveryDatabase((newUrl) => {
  let service: TestService
  let next = 0
  before(async () => {
    service = await startService(await newUrl())
  })
  after(() => service.close())

  const write = (properties: Readonly<Record<string, string>>) => {
    const body = { ...properties, Name: `rfc-${++next}` }
    return service.call('POST', '/subaccountDestinations', { body })
  }
  const problems = async (properties: Readonly<Record<string, string>>): Promise<string> => {
    const reply = await write(properties)
    return reply.status === 201 ? '' : ((reply.body as Json).ErrorMessage as string)
  }
  const administer = async (path: string, body?: string): Promise<Json> => {
    const answer = await fetch(`${service.app.url}/destination-administration/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${await service.token()}`,
        ...(body === undefined ? {} : { 'content-type': 'text/plain' }),
      },
      ...(body === undefined ? {} : { body }),
    })
    const text = await answer.text()
    assert.ok(answer.ok, text)
    return text.startsWith('{') ? JSON.parse(text) : { text }
  }
  const effective = async (properties: Readonly<Record<string, string>>) => {
    assert.equal((await write(properties)).status, 201)
    return (await administer(`/subaccountDestinations/rfc-${next}/effective`)) as {
      readonly properties: Readonly<Record<string, string>>
      readonly target?: Json
    }
  }

  test('both sample files of the guide are imported with every key unchanged, as type RFC (RFC-027, RFC-028, CONN-235)', async () => {
    for (const [text, name, target] of [
      [onPremiseFile, 'JCoDemoSystem', 'abapserver.hana.cloud'],
      [webSocketFile, 'JCoDemoCloud', '<id>.abap.eu10.hana.ondemand.com'],
    ] as const) {
      await administer(importPath, text)
      const stored = (await service.call('GET', `/subaccountDestinations/${name}`)).body as Record<string, string>
      assert.equal(stored.Type, 'RFC')
      assert.deepEqual(
        Object.keys(stored),
        text
          .trim()
          .split('\n')
          .map((line) => line.trim().split('=')[0]),
      )
      assert.ok(Object.values(stored).some((value) => value.trim() === target))
    }
  })

  test('find gives an RFC destination as flat texts without tokens, the nearer level first (RFC-029, RFC-030, CONN-235)', async () => {
    const body = { ...rfcSample, Name: 'both', 'jco.own.key': 'kept', 'jco.client.future': 'kept too' }
    await service.call('POST', '/subaccountDestinations', { body })
    const found = (await service.call('GET', '/destinations/both')).body as Json
    assert.deepEqual(found.destinationConfiguration, body)
    assert.equal(found.authTokens, undefined)
    await service.call('POST', '/instanceDestinations', { body: { ...body, 'jco.client.sysnr': '07' } })
    const own = (await service.call('GET', '/destinations/both')).body as { destinationConfiguration: Json }
    assert.equal(own.destinationConfiguration['jco.client.sysnr'], '07')
    const token = await service.token({ clientId: 'sb-second!b1|destination!b4' })
    const other = (await service.call('GET', '/destinations/both', { token })).body as {
      destinationConfiguration: Json
    }
    assert.equal(other.destinationConfiguration['jco.client.sysnr'], '42')
  })

  test('a value of another form than its property has is refused with the name of the property (CONN-236, CONN-238, CONN-239, CONN-247, CONN-248, RFC-031, RFC-035, RFC-036, RFC-038)', async () => {
    const wrong: readonly (readonly [string, readonly string[], readonly string[]])[] = [
      ['jco.client.client', ['1', '1000', 'abc', '10 '], ['000', '999']],
      ['jco.client.user', ['x'.repeat(13)], ['x'.repeat(12)]],
      ['jco.client.alias_user', ['x'.repeat(41)], ['x'.repeat(40)]],
      ['jco.client.lang', ['ENG', 'E1', ' '], ['EN', 'd', '1']],
      ['jco.client.sysnr', ['1', '123', 'a1'], ['00', '99']],
      ...['tls_trust_all', 'trace', 'delta'].map((key) => [`jco.client.${key}`, ['2', 'true'], ['0', '1']] as const),
      ['jco.client.tls_client_certificate_logon', ['yes'], ['0']],
      ['jco.destination.pool_check_connection', ['2', 'on'], ['0', '1']],
      ['jco.client.serialization_format', ['columnbased', 'xml'], ['columnBased', 'rowBased']],
      ['jco.client.network', ['wan', 'VPN'], ['WAN', 'LAN']],
      ['jco.client.cloud_connector_version', ['1', '3'], ['2']],
      ['jco.client.codepage', ['110', 'utf8'], ['1100', '4103']],
      ['jco.destination.pool_capacity', ['-1', '1.5', 'many'], ['0', '50']],
      ['jco.destination.auth_type', ['configured_user', 'Basic'], ['CONFIGURED_USER', 'PrincipalPropagation']],
      ['jco.destination.proxy_type', ['onpremise', 'PrivateLink'], ['OnPremise']],
    ]
    for (const [key, refused, accepted] of wrong) {
      for (const value of refused)
        assert.match(await problems({ ...rfcSample, [key]: value }), new RegExp(`property ${key} must `))
      for (const value of accepted) assert.equal(await problems({ ...rfcSample, [key]: value }), '', `${key}=${value}`)
    }
    assert.match(await problems({ ...balanced, 'jco.client.r3name': 'ABCD' }), /r3name must have three/)
    for (const port of ['0', '65536', 'https'])
      assert.match(await problems({ ...webSocket, 'jco.client.wsport': port }), /wsport must be a port/)
    // Only jco.destination.proxy_type counts.
    assert.equal(await problems({ ...rfcSample, ProxyType: 'Internet' }), '')
  })

  test('a target that is not complete, or two of them, is refused with what is missing (CONN-242, CONN-244, CONN-246, RFC-032, RFC-033, RFC-034)', async () => {
    const { 'jco.client.sysnr': _sysnr, ...noNumber } = rfcSample
    const { 'jco.client.r3name': _system, ...noSystem } = balanced
    const { 'jco.client.wsport': _port, ...noPort } = webSocket
    const { 'jco.destination.proxy_type': _way, ...noWay } = rfcSample
    const { 'jco.destination.proxy_type': _other, ...noWayToSocket } = webSocket
    const { 'jco.client.client': _client, ...noClient } = rfcSample
    for (const [properties, expected] of [
      [noTarget, /jco.client.ashost or jco.client.mshost is missing/],
      [noNumber, /jco.client.sysnr is missing/],
      [noSystem, /jco.client.r3name or jco.client.msserv is missing/],
      [noPort, /jco.client.wsport is missing/],
      [noClient, /jco.client.client is missing/],
      [
        { ...rfcSample, 'jco.destination.proxy_type': 'Internet' },
        /proxy_type must be OnPremise for jco.client.ashost/,
      ],
      [{ ...balanced, 'jco.destination.proxy_type': 'Internet' }, /proxy_type must be OnPremise for jco.client.mshost/],
      [
        { ...webSocket, 'jco.destination.proxy_type': 'OnPremise' },
        /proxy_type must be Internet for jco.client.wshost/,
      ],
      [
        { ...rfcSample, ...balanced, 'jco.client.ashost': 'a' },
        /mshost must not be set together with jco.client.ashost/,
      ],
      [{ ...rfcSample, 'jco.client.wshost': 'w' }, /wshost must not be set together with jco.client.ashost/],
      [{ ...balanced, 'jco.client.wshost': 'w' }, /wshost must not be set together with jco.client.mshost/],
    ] as const)
      assert.match(await problems(properties), expected)
    for (const properties of [
      balanced,
      { ...noSystem, 'jco.client.msserv': '3600' },
      webSocket,
      noWay,
      noWayToSocket,
      rfcSample,
    ])
      assert.equal(await problems(properties), '')
  })

  test('a configured user needs name or alias and a password, propagation and a client certificate need neither (CONN-237, CONN-240, CONN-241, RFC-037, RFC-043)', async () => {
    const { 'jco.client.passwd': _secret, ...noPassword } = rfcSample
    for (const [properties, expected] of [
      [noUser, /jco.client.user or jco.client.alias_user is missing/],
      [{ ...noUser, 'jco.destination.auth_type': 'CONFIGURED_USER' }, /jco.client.passwd is missing/],
      [noPassword, /jco.client.passwd is missing/],
      [{ ...rfcSample, 'jco.destination.repository.user': 'r' }, /jco.destination.repository.passwd is missing/],
      [{ ...rfcSample, TrustStoreLocation: 'trust.jks' }, /TrustStorePassword is missing/],
      [{ ...noUser, ...certificateLogon }, /tls_client_certificate_logon needs jco.client.wshost/],
    ] as const)
      assert.match(await problems(properties), expected)
    const { 'jco.client.user': _name, 'jco.client.passwd': _given, ...socketWithoutUser } = webSocket
    for (const properties of [
      { ...noUser, 'jco.destination.auth_type': 'PrincipalPropagation' },
      { ...noUser, 'jco.client.alias_user': 'an-alias-with-more-than-12', 'jco.client.passwd': 'p' },
      { ...socketWithoutUser, ...certificateLogon },
    ])
      assert.equal(await problems(properties), '')
    const withoutStore = { ...socketWithoutUser, 'jco.client.tls_client_certificate_logon': '1' }
    assert.match(await problems(withoutStore), /KeyStoreLocation is missing/)
    assert.equal((await effective(rfcSample)).properties['jco.destination.auth_type'], 'CONFIGURED_USER')
  })

  test('system number and system ID name the virtual port that the connector must expose (CONN-243, CONN-245, RFC-039)', async () => {
    const location = { 'jco.client.cloud_connector_location_id': 'east' }
    assert.deepEqual((await effective({ ...rfcSample, ...location })).target, {
      kind: 'direct',
      host: 'abapserver.hana.cloud',
      port: 'sapgw42',
      locationId: 'east',
    })
    const target = { kind: 'loadBalancing', host: 'messages', port: 'sapmsABC', locationId: '' }
    assert.deepEqual((await effective(balanced)).target, target)
    const byPort = await effective({ ...balanced, 'jco.client.msserv': '3600' })
    assert.deepEqual(byPort.target, { ...target, port: '3600' })
    assert.equal(byPort.properties['jco.client.group'], 'PUBLIC')
    assert.deepEqual((await effective(webSocket)).target, {
      kind: 'webSocket',
      host: 'my.abap.test',
      port: '443',
      locationId: '',
    })
  })

  test('absent properties of pool, trace and serialisation mean what the guide says, and stay absent in the answer of find (CONN-244, CONN-247, CONN-249, CONN-250, RFC-039)', async () => {
    const { 'jco.destination.pool_capacity': _capacity, ...plain } = rfcSample
    const { properties } = await effective(plain)
    assert.deepEqual(properties, {
      ...Object.fromEntries(Object.entries(plain).filter(([key]) => key !== 'jco.client.passwd')),
      Name: `rfc-${next}`,
      'jco.client.tls_client_certificate_logon': '0',
      'jco.client.tls_trust_all': '0',
      'jco.client.trace': '0',
      'jco.client.delta': '1',
      'jco.client.codepage': '1100',
      'jco.client.cloud_connector_version': '2',
      'jco.client.serialization_format': 'rowBased',
      'jco.client.network': 'LAN',
      'jco.destination.auth_type': 'CONFIGURED_USER',
      'jco.destination.pool_capacity': '1',
      'jco.destination.peak_limit': '0',
      'jco.destination.max_get_client_time': '30000',
      'jco.destination.expiration_time': '60000',
      'jco.destination.expiration_check_period': '60000',
      'jco.destination.pool_check_connection': '0',
    })
    const found = (await service.call('GET', `/destinations/rfc-${next}`)).body as { destinationConfiguration: Json }
    assert.deepEqual(found.destinationConfiguration, { ...plain, Name: `rfc-${next}` })
    const peak = async (more: Readonly<Record<string, string>>) =>
      (await effective({ ...plain, ...more })).properties['jco.destination.peak_limit']
    const capacity = { 'jco.destination.pool_capacity': '5' }
    assert.equal(await peak(capacity), '5')
    assert.equal(await peak({ ...capacity, 'jco.destination.peak_limit': '3' }), '5')
    assert.equal(await peak({ ...capacity, 'jco.destination.peak_limit': '0' }), '0')
    assert.equal(await peak({ ...capacity, 'jco.destination.peak_limit': '9' }), '9')
  })

  test('passwords of an RFC destination are left out of exports, of effective values and on request, and are given to who uses it (CONN-251, RFC-041)', async () => {
    const secret = {
      ...rfcSample,
      'jco.destination.repository.user': 'REPO',
      'jco.destination.repository.passwd': 'planted-repository',
    }
    const shown = await effective(secret)
    const name = `rfc-${next}`
    const exported = await administer(`/subaccountDestinations/${name}/export`)
    const skipped = await service.call('GET', `/destinations/${name}?$skipCredentials=true`)
    for (const text of [JSON.stringify(shown), String(exported.text), skipped.text, service.log.join('\n')])
      assert.doesNotMatch(text, /planted-/)
    assert.match(String(exported.text), /^#jco\.client\.passwd=<< .* removed on export >>$/m)
    assert.match(String(exported.text), /^jco\.destination\.repository\.user=REPO$/m)
    const used = (await service.call('GET', `/destinations/${name}`)).text
    for (const password of ['planted-password', 'planted-repository']) assert.ok(used.includes(password))
  })
})
