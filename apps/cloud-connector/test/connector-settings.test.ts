import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { type Answer, configuration, type RunningConnector } from './running-connector.ts'
import { suiteConnector } from './suite-connector.ts'

describe('settings of the connector', () => {
  const connector = suiteConnector()

  test('the proxy takes a port as number and shows it as text, never the password (API1-031, API1-093, API1-094, API1-095, API1-097, API1-099)', async () => {
    const url = `${configuration}/connector/proxy`
    const get = async () => (await connector.call('GET', url)).text
    assert.equal(
      (await connector.call('PUT', url, { json: { host: 'p', port: 8080, user: 'u', password: 'x' } })).status,
      204,
    )
    assert.equal(await get(), '{"host":"p","port":"8080","user":"u","password":"***"}')
    await connector.call('PUT', url, { json: { host: 'p', port: '8081' } })
    assert.equal(await get(), '{"host":"p","port":"8081","user":""}')
    assert.equal((await connector.call('PUT', url, { json: {} })).status, 204)
    assert.equal(await get(), '{}')
    for (const _ of [1, 2]) assert.equal((await connector.call('DELETE', url)).status, 204)
  })

  test('half a proxy is refused, and a host that is none (API1-096)', async () => {
    const url = `${configuration}/connector/proxy`
    for (const json of [
      { host: 'p' },
      { port: 1 },
      { host: 'p', port: 0 },
      { host: 'p', port: 65_536 },
      { host: 'p', port: 'x' },
      { host: 'http://p', port: 1 },
      { host: 'a b', port: 1 },
      { host: 'p:1', port: 1 },
      { host: ['p'], port: 1 },
    ])
      assert.equal((await connector.call('PUT', url, { json })).status, 400)
  })

  test('the truststore lists what was uploaded, under both spellings; each certificate is there once, several may have one subject (RC-158, SCC-141, API1-150, API1-151, API1-152, API1-158, API1-159, API1-160, API1-161, API1-162)', async () => {
    const url = `${configuration}/connector/onPremise/truststore`
    assert.equal((await connector.call('GET', url)).text, '{"trustAllBackends":false,"trustedBackends":[]}')
    const { certificatePem } = await LocalCa.create({ subject: { CN: 'Corp Root', O: 'Corp' } })
    const uploaded = await upload(connector, url, certificatePem)
    assert.equal(uploaded.status, 201)
    const other = url.replace('onPremise', 'onPremises')
    const [entry] = (await connector.call('GET', other)).json.trustedBackends
    assert.deepEqual(entry, {
      alias: 'trustedbackend.1.1',
      subjectDN: 'CN=Corp Root,O=Corp',
      issuer: 'CN=Corp Root,O=Corp',
      notAfterTimeStamp: new X509Certificate(certificatePem).validToDate.getTime(),
    })
    const der = await connector.call('GET', `${url}/certificates/${entry.alias}`, {
      headers: { accept: 'application/pkix-cert' },
    })
    assert.equal(Buffer.from(der.text, 'latin1').equals(new X509Certificate(certificatePem).raw), true)
    assert.equal((await upload(connector, other, certificatePem)).status, 400)
    assert.equal((await upload(connector, other, new X509Certificate(certificatePem).raw)).status, 400)
    const namesake = (await LocalCa.create({ subject: { CN: 'Corp Root', O: 'Corp' } })).certificatePem
    assert.equal((await upload(connector, other, new X509Certificate(namesake).raw)).status, 201)
    assert.equal((await upload(connector, url, namesake)).status, 400)
    assert.equal((await upload(connector, url, 'not a certificate')).status, 400)
    const unknown = { headers: { accept: 'application/pkix-cert' } }
    assert.equal((await connector.call('GET', `${url}/certificates/no`, unknown)).status, 404)
    const listed = (await connector.call('GET', url)).json.trustedBackends
    assert.deepEqual(
      listed.map(({ alias, subjectDN }: Record<string, string>) => `${alias} ${subjectDN}`),
      ['trustedbackend.1.1 CN=Corp Root,O=Corp', 'trustedbackend.2.1 CN=Corp Root,O=Corp'],
    )
    assert.equal((await connector.call('POST', `${url}/certificates`, { json: {} })).status, 415)
    assert.equal((await connector.call('DELETE', `${other}/certificates/${entry.alias}`)).status, 204)
    assert.equal((await connector.call('DELETE', `${url}/certificates/${entry.alias}`)).status, 404)
    for (const _ of [1, 2]) assert.equal((await connector.call('DELETE', `${url}/certificates`)).status, 204)
    assert.deepEqual((await connector.call('GET', url)).json.trustedBackends, [])
  })

  test('trusting every backend is one switch, also as curl sends it (API1-156)', async () => {
    const url = `${configuration}/connector/onPremise/truststore`
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const patched = await connector.call('PATCH', url, { body: '{"trustAllBackends": true}', headers })
    assert.deepEqual([patched.status, patched.text], [204, ''])
    assert.equal((await connector.call('GET', url)).json.trustAllBackends, true)
    for (const json of [{}, { trustAllBackends: 'yes' }, { trustAllBackends: 1 }])
      assert.equal((await connector.call('PATCH', url, { json })).status, 400)
    assert.equal((await connector.call('PATCH', url, { json: { trustAllBackends: false } })).status, 204)
  })
})

async function upload(connector: RunningConnector, url: string, content: string | Buffer): Promise<Answer> {
  const form = new FormData()
  const part = typeof content === 'string' ? content : new Uint8Array(content)
  form.set('certificate', new Blob([part]), 'certificate.pem')
  const encoded = new Response(form)
  return connector.call('POST', `${url}/certificates`, {
    body: Buffer.from(await encoded.arrayBuffer()),
    headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
  })
}
