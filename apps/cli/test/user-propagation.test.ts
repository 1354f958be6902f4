import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand, type Seen, startCertificateBackend, temporaryFolder } from '@landbridge/testkit'
import { type Started, startUp } from './started.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

type Send = typeof httpRequest

function send(via: Send, options: object, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = via({ agent: false, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { statusCode = 0, headers } = response
        resolve({ status: statusCode, headers, text: Buffer.concat(chunks).toString() })
      })
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

/** Calls the REST API of the connector as its administrator. */
function administration(up: Started, data: string) {
  const { name, password } = up.announcement.credentials.connector
  const base = new URL(up.urlOf('cloud-connector'))
  const ca = readFileSync(join(data, 'connector-ca.pem'))
  return async (method: string, path: string, content?: object | FormData): Promise<Answer> => {
    const encoded =
      content === undefined ? undefined : new Response(content instanceof FormData ? content : JSON.stringify(content))
    const type = content instanceof FormData ? (encoded?.headers.get('content-type') ?? '') : 'application/json'
    const body = encoded === undefined ? undefined : Buffer.from(await encoded.arrayBuffer())
    const options = {
      method,
      ca,
      host: base.hostname,
      port: base.port,
      path: path.startsWith('/api') ? path : `/api/v1/configuration${path}`,
      auth: `${name}:${password}`,
      headers: body === undefined ? {} : { 'content-type': type, 'content-length': body.length },
    }
    const answer = await send(httpsRequest, options, body)
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer
  }
}

test('a user who logs on in the cloud arrives at the backend under the name that the subject pattern gives, and a technical user by the rule for those (CONN-072, SCC-127, SCC-129, SCC-211, SCC-214, API1-147, API1-148, API1-226)', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  await using up = await startUp(data)
  const connector = administration(up, data)
  const onPremise = '/connector/onPremise'
  for (const [kind, subjectDN] of [
    ['systemCertificate', 'CN=connector'],
    ['ppCaCertificate', 'CN=PP CA'],
  ])
    await connector('POST', `${onPremise}/${kind}`, { type: 'selfsigned', keySize: 2048, subjectDN })
  await connector('PUT', `${onPremise}/principalPropagation/subjectPatternRules`, [
    { condition: { variable: 'user_type', operator: 'is', value: 'Technical' }, subject: 'CN=robot,OU=Demo' },
    { subject: 'CN=${name},OU=Demo' },
  ])
  const backend = await startCertificateBackend((await connector('GET', `${onPremise}/systemCertificate/chain`)).text)
  try {
    const form = new FormData()
    form.append('certificate', new Blob([backend.ca]), 'ca.pem')
    await connector('POST', `${onPremise}/truststore/certificates`, form)
    const [{ regionHost, subaccount }] = JSON.parse((await connector('GET', '/subaccounts')).text)
    const own = `/subaccounts/${encodeURIComponent(regionHost)}/${subaccount}`
    await connector('POST', `${own}/systemMappings`, {
      virtualHost: 'erp.virtual',
      virtualPort: '443',
      localHost: 'localhost',
      localPort: String(backend.port),
      protocol: 'HTTPS',
      backendType: 'nonSAPsys',
      authenticationMode: 'X509_RESTRICTED',
    })
    await connector('POST', `${own}/systemMappings/erp.virtual:443/resources`, { id: '/', enabled: true })
    await connector('POST', `${own}/trust`)

    const { name, password } = up.announcement.credentials.user
    const token = async (...args: string[]): Promise<string> => {
      const { status, stdout, stderr } = await runCommand(['token', ...args, '--data', data], { cwd: '/' })
      assert.equal(status, 0, stderr)
      return `Bearer ${stdout.trim()}`
    }
    const technical = await token('connectivity')
    const exchanged = await token('connectivity', '--user', `${name}:${password}`)
    const userToken = await token('xsuaa', '--user', `${name}:${password}`)
    const proxy = new URL(up.urlOf('HTTP proxy'))
    const ask = (headers: Readonly<Record<string, string>>): Promise<Answer> =>
      send(httpRequest, { host: proxy.hostname, port: proxy.port, path: 'http://erp.virtual:443/x', headers })
    const seen = async (headers: Readonly<Record<string, string>>): Promise<Seen> => {
      const answer = await ask(headers)
      assert.equal(answer.status, 200, answer.text)
      return JSON.parse(answer.text)
    }

    const user = `OU=Demo\nCN=${name}`
    const byExchange = await seen({ 'proxy-authorization': exchanged, ssl_client_cert: 'MIIforged' })
    assert.deepEqual([byExchange.user, byExchange.tls, byExchange.count], [user, 'connector', 1])
    const certificate = new X509Certificate(Buffer.from(byExchange.header ?? '', 'base64'))
    assert.equal(certificate.issuer, 'CN=PP CA')
    const byHeader = await seen({ 'proxy-authorization': technical, 'sap-connectivity-authentication': userToken })
    assert.equal(byHeader.user, user)
    const robot = await seen({
      'proxy-authorization': technical,
      'sap-connectivity-technical-authentication': technical,
    })
    assert.equal(robot.user, 'OU=Demo\nCN=robot')
    assert.deepEqual([(await seen({ 'proxy-authorization': technical })).header], [''])

    const [{ id }] = JSON.parse((await connector('GET', `${own}/trust/idps`)).text)
    await connector('PUT', `${own}/trust/idps/${id}`, { enabled: false })
    const refused = await ask({ 'proxy-authorization': exchanged })
    assert.equal(refused.status, 403)
    assert.match(refused.text, /does not trust the identity provider/)
    await connector('PUT', `${own}/trust/idps/${id}`, { enabled: true })
    assert.equal((await seen({ 'proxy-authorization': exchanged })).user, user)
  } finally {
    await backend.close()
  }
})
