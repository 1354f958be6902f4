import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { LocalCa, writePkcs12 } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import { callJson, temporaryFolder } from '@landbridge/testkit'
import { readState } from '../src/state/state-file.ts'
import { type Started, startUp } from './started.ts'

const folder = temporaryFolder()
const data = join(folder.path, 'data')
let up: Started
let subaccount: string
before(async () => {
  up = await startUp(data)
  const all = (await call('GET', '/subaccounts')).json as { id: string }[]
  subaccount = `/subaccounts/${all[0]!.id}/clientCertificates`
})
after(async () => {
  await up?.[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

function call(method: string, path: string, body?: object, token?: string) {
  const { url, secret } = readState(data).operator!
  return callJson({
    method,
    url: `${url}/api/v1${path}`,
    ca: readFileSync(join(data, 'ca.pem'), 'utf8'),
    headers: { authorization: `Bearer ${token ?? secret}` },
    ...(body === undefined ? {} : { body }),
  })
}

async function uploadOf(days: number, password: string) {
  const ca = await LocalCa.create({ subject: { CN: 'Other CA' } })
  const { cert, key } = await ca.issueClient({ subject: { CN: 'partner' }, days })
  const file = await writePkcs12({ chain: cert, key, alias: 'partner', password: new Secret(password) })
  return { pkcs12: file.toString('base64'), password }
}

test('an uploaded client certificate is announced and never renewed; its owner exports and retires it (CERT-001, CERT-002)', async () => {
  const made = await call('POST', `${subaccount}/upload`, { name: 'partner', ...(await uploadOf(20, 'p12 pass')) })
  assert.equal(made.status, 201)
  assert.deepEqual([made.json.renewedBy, made.json.state, made.json.keyAlgorithm], ['user', 'active', 'EC-P256'])
  const run = await call('POST', '/certificates/renewals', {})
  assert.equal(run.status, 201)
  const outcome = run.json.outcome.find(({ name }: { name: string }) => name === 'partner')
  assert.equal(outcome.action, 'announce')
  const one = `${subaccount}/${made.json.id}`
  assert.equal((await call('GET', one)).json.fingerprint, made.json.fingerprint)
  assert.match((await call('GET', `${one}/certificate`)).text, /^-----BEGIN CERTIFICATE-----/)
  assert.equal((await call('POST', `${one}/export`, { password: 'x' })).status, 200)
  assert.equal((await call('POST', `${one}/retire`)).json.state, 'retired')
  const gone = await call('POST', `${one}/export`, { password: 'x' })
  assert.deepEqual([gone.status, gone.json.code], [410, 'TENANT_CERTIFICATE_OUT_OF_USE'])
})

test('input that is wrong is refused with its reason, and keeps nothing (CERT-001)', async () => {
  const file = await uploadOf(20, 'right')
  const before = (await call('GET', subaccount)).text
  for (const [path, body, status, code] of [
    [`${subaccount}/upload`, { name: 'a', ...file, password: 'wrong' }, 400, 'TENANT_CERTIFICATE_INVALID'],
    [`${subaccount}/upload`, { name: 'a', pkcs12: 'AAAA', password: '' }, 400, 'TENANT_CERTIFICATE_INVALID'],
    [`${subaccount}/upload`, { name: '../a', ...file }, 400, 'TENANT_CERTIFICATE_INVALID'],
    [subaccount, { name: 'a', keyAlgorithm: 'DSA' }, 400, 'REQUEST_INVALID'],
    [subaccount, { name: 'a', lifetimeDays: 0 }, 400, 'REQUEST_INVALID'],
    [subaccount, { name: 'a'.repeat(65) }, 400, 'REQUEST_INVALID'],
    [subaccount, { name: '' }, 400, 'TENANT_CERTIFICATE_INVALID'],
    [subaccount, { name: 'a', state: 'active' }, 400, 'REQUEST_INVALID'],
    [`${subaccount}/nobody/export`, { password: 'x' }, 404, 'TENANT_CERTIFICATE_UNKNOWN'],
    ['/subaccounts/7f0c1f6e-0000-4000-8000-000000000001/clientCertificates', { name: 'a' }, 404, 'SUBACCOUNT_UNKNOWN'],
    ['/certificates/renewals', { date: 'tomorrow' }, 400, 'RENEWAL_DATE_INVALID'],
    ['/certificates/renewals', { date: '2027-02-31T25:00:00Z' }, 400, 'RENEWAL_DATE_INVALID'],
  ] as const) {
    const answer = await call('POST', path, body)
    assert.deepEqual([answer.status, answer.json.code], [status, code], `${path} ${JSON.stringify(body).slice(0, 80)}`)
    assert.ok(!answer.text.includes('right'))
  }
  assert.equal((await call('GET', subaccount)).text, before)
  assert.equal((await call('GET', '/certificates/renewals/none')).json.code, 'RENEWAL_RUN_UNKNOWN')
  assert.equal((await call('GET', '/certificates/zz')).json.code, 'TENANT_CERTIFICATE_UNKNOWN')
  for (const path of ['/certificates', '/certificates/renewals', subaccount])
    assert.equal((await call('GET', path, undefined, 'guess')).status, 403)
})
