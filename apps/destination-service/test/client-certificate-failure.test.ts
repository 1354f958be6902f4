import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { certificateFacts, LocalCa } from '@landbridge/identity'
import { onEveryDatabase } from './support/databases.ts'
import { TokenFixture } from './support/token-fixture.ts'

const authority = await LocalCa.create({ subject: { CN: 'Token service CA' } })
const clients = await LocalCa.create({ subject: { CN: 'Client CA' } })
const { cert, key } = await clients.issueClient({ subject: { CN: 'sender' }, days: 30 })
const { fingerprint } = certificateFacts(cert)
const auth0032 =
  '{"error":{"code":"AuthenticationFailed","message":"Authentication service failed to return token.","details":"[AUTH0032]Invalid client certificate"}}'

/** What the token service answers; `undefined` ends the connection without an answer. */
let answer: { readonly status: number; readonly body: string } | undefined
const server = createServer(
  {
    ...(await authority.issueServer({ dnsNames: ['localhost'], days: 30 })),
    requestCert: true,
    rejectUnauthorized: false,
  },
  (request, reply) => {
    request.resume()
    if (answer === undefined) request.socket.destroy()
    else reply.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
  },
)
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
after(() => {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(resolve))
})

await onEveryDatabase(async (newUrl) => {
  const at = await TokenFixture.start(newUrl)
  after(() => at.close())
  await at.certificates.put('ca.pem', authority.certificatePem)
  await at.certificates.put('sender.pem', cert + key)
  const destination = (more: Record<string, string> = {}) =>
    at.clientCredentials({
      tokenServiceURL: `https://localhost:${(server.address() as AddressInfo).port}/oauth/token`,
      TrustStoreLocation: 'ca.pem',
      'tokenService.KeyStoreLocation': 'sender.pem',
      ...more,
    })
  const shown = ` (client certificate presented: SHA-256 ${fingerprint})`

  test('a refused client certificate is reported with the remote body word for word and the fingerprint shown (CERT-015)', async () => {
    answer = { status: 401, body: auth0032 }
    assert.equal(await at.failure(await destination()), `${auth0032}${shown}`)
    answer = { status: 400, body: '{"error":"invalid_client","error_description":"Bad credentials"}' }
    assert.equal(await at.failure(await destination()), `${answer.body}${shown}`)
    answer = { status: 403, body: '' }
    assert.equal(await at.failure(await destination()), `the token service answered with status 403${shown}`)
  })

  test('a connection that breaks after a client certificate was shown names the certificate as well (CERT-015)', async () => {
    answer = undefined
    assert.equal(await at.failure(await destination()), `the token service closed the connection${shown}`)
  })

  test('a remote body never carries secrets of the destination back, however it quotes them', async () => {
    answer = { status: 401, body: '{"error":{"details":"no such client: a-secret-header"}}' }
    const reason = await at.failure(await destination({ 'tokenServiceURL.headers.x-key': 'a-secret-header' }))
    assert.equal(reason, `{"error":{"details":"no such client: ***"}}${shown}`)
  })

  test('a failure that has nothing to do with the client is reported as ever, without a fingerprint', async () => {
    answer = { status: 400, body: '{"error":"invalid_scope","error_description":"no such scope"}' }
    assert.equal(await at.failure(await destination()), 'no such scope')
  })
})
