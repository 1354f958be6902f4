import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isPlatformError } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import fc, { runs } from '@landbridge/testkit/properties'
import { parseLenientJson } from '../src/body/lenient-json.ts'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, type RunningConnector, startConnector, subaccountPath } from './running-connector.ts'

describe('lenient JSON', () => {
  test('strict JSON means what it always means', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => assert.deepEqual(parseLenientJson(text), JSON.parse(text))),
    )
  })

  test('the writings of the guide are understood (API1-028, API1-029)', () => {
    assert.deepEqual(parseLenientJson('{"oldPassword"="a", "newPassword" => "b"}'), {
      oldPassword: 'a',
      newPassword: 'b',
    })
    assert.deepEqual(parseLenientJson("['TLS_AES_128_GCM_SHA256', 'it\\'s \"so\"']"), [
      'TLS_AES_128_GCM_SHA256',
      'it\'s "so"',
    ])
    assert.equal(parseLenientJson(' master '), 'master')
    assert.deepEqual(parseLenientJson('{a: [1, true, null, word]}'), { a: [1, true, null, 'word'] })
    assert.equal(Object.hasOwn(parseLenientJson("{'__proto__': {'x': 1}}") as object, '__proto__'), true)
  })

  test('a NUL character is refused in names and values, in strict and in lenient writing', () => {
    for (const text of ['"\\u0000"', '{"a":["\\u0000"]}', "{a='\\u0000'}", 'a\0b', '{"a"="b", c: \0}'])
      assert.throws(
        () => parseLenientJson(text),
        (thrown) => isPlatformError(thrown, 'REQUEST_INVALID'),
        text,
      )
  })

  test('everything else is refused as an invalid request, however it looks (API1-017)', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      ':',
      '=',
      ',',
      'a',
      '1',
      '\\',
      ' ',
      '\n',
      'true',
      '\u0000',
    )
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseLenientJson(text)
        } catch (thrown) {
          assert.ok(isPlatformError(thrown, 'REQUEST_INVALID'), String(thrown))
        }
      }),
      runs(5_000),
    )
  })
})

describe('hostile bodies', () => {
  const folder = temporaryFolder()
  let region: FakeRegion
  let connector: RunningConnector
  before(async () => {
    region = await startFakeRegion()
    connector = await startConnector(folder.path, region)
    const json = { regionHost, subaccount: id, cloudUser, cloudPassword }
    await connector.call('POST', `${configuration}/subaccounts`, { json })
  })
  after(async () => {
    await connector.close()
    await region.close()
    folder[Symbol.dispose]()
  })

  const operations: [string, string][] = [
    ['PUT', `${configuration}/connector`],
    ['POST', `${configuration}/connector/haRole`],
    ['PUT', `${configuration}/connector/authentication/basic`],
    ['POST', `${configuration}/subaccounts`],
    ['PUT', `${subaccountPath}/state`],
    ['POST', `${subaccountPath}/validity`],
    ['PUT', `${subaccountPath}/trust`],
    ['POST', `${subaccountPath}/systemMappings`],
    ['POST', `${subaccountPath}/domainMappings`],
    ['PATCH', `${configuration}/connector/onPremise/truststore`],
    ['POST', `${configuration}/connector/onPremise/truststore/certificates`],
  ]

  test('a body nested a hundred thousand times is refused', async () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const body = `${open.repeat(100_000)}1${close.repeat(100_000)}`
      const headers = { 'content-type': 'application/json' }
      assert.equal((await connector.call('PUT', `${configuration}/connector`, { body, headers })).status, 400)
    }
  })

  test('a text is taken in the encoding that it names, else in UTF-8; bytes that are none change nothing', async () => {
    const path = `${configuration}/connector`
    const put = (text: string, encoding: BufferEncoding, type: string) =>
      connector.call('PUT', path, { body: Buffer.from(text, encoding), headers: { 'content-type': type } })
    const json = 'application/json'
    for (const [text, encoding, type] of [
      ['{"description":"Düren"}', 'utf8', json],
      // PowerShell begins with a byte order mark.
      ['\ufeff{"description":"Düren"}', 'utf8', `${json}; charset=UTF-8`],
      ['{"description":"Düren"}', 'latin1', `${json}; charset=ISO-8859-1`],
      ['{"description":"Düren"}', 'utf16le', `${json}; charset="utf-16le"`],
    ] as const) {
      await connector.call('PUT', path, { json: { description: '' } })
      const answer = await put(text, encoding, type)
      assert.deepEqual([answer.status, answer.json.description], [200, 'Düren'], type)
    }
    const wrong = await put('{"description":"Köln"}', 'latin1', json)
    assert.deepEqual([wrong.status, wrong.json.type], [400, 'INVALID_REQUEST'])
    assert.match(wrong.json.message, /not encoded in utf-8/)
    assert.equal((await put('{"description":"Köln"}', 'utf8', `${json}; charset=klingon`)).status, 415)
    assert.equal((await connector.call('GET', path)).json.description, 'Düren')
  })

  test('a body beyond the limit is refused with 413', async () => {
    const json = { description: 'x'.repeat(2_000_000) }
    assert.equal((await connector.call('PUT', `${configuration}/connector`, { json })).status, 413)
  })

  test('values of any type in any member are answered with 4xx, the configured error body and no change (API1-013, API1-014, API1-015, API1-018)', async () => {
    const values = fc.oneof(
      { maxDepth: 3 },
      ...[fc.constant(null), fc.integer(), fc.double(), fc.boolean(), fc.string({ maxLength: 20 })],
      ...[fc.array(fc.constantFrom(1, '', null)), fc.constantFrom({}, { a: 1 }, [[]], 'x'.repeat(5_000))],
    )
    const names = [
      ...['description', 'oldPassword', 'newPassword', 'user', 'password', 'regionHost', 'subaccount', 'connected'],
      ...[
        'virtualHost',
        'virtualPort',
        'localHost',
        'protocol',
        'internalDomain',
        'trustAllBackends',
        'allowedClients',
      ],
      ...['authenticationData', 'autoSyncTrustEnabled'],
    ]
    const bodies = fc.oneof(
      values,
      fc
        .dictionary(fc.constantFrom(...names), values, { maxKeys: 6 })
        .map((members) => ({ ...members, description: 1 })),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...operations), bodies, async ([method, path], json) => {
        const answer = await connector.call(method, path, { json })
        if (answer.status < 400) {
          // Only a switch may have been flipped: everything else misses a required member or has one too many.
          assert.ok([200, 204].includes(answer.status), `${method} ${path} ${JSON.stringify(json)}`)
          return
        }
        assert.ok(answer.status < 500, `${method} ${path} ${JSON.stringify(json)} ${answer.text}`)
        assert.deepEqual(Object.keys(answer.json), ['type', 'message'])
        assert.match(
          answer.json.type,
          /^(INVALID_REQUEST|ILLEGAL_STATE|NOT_FOUND|INVALID_CONFIGURATION|FORBIDDEN_REQUEST)$/,
        )
      }),
      runs(300),
    )
    assert.deepEqual((await connector.call('GET', `${subaccountPath}/systemMappings`)).json, [])
    assert.equal((await connector.call('GET', `${configuration}/subaccounts`)).json.length, 1)
  })
})
