import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { systemClock } from '@landbridge/kernel'
import { type Seen, startCertificateBackend, startPlatform, TokenMint } from '@landbridge/testkit'
import { administrate, createDestination, expose } from './support/administration.ts'
import { createCertificate, onPremise, trustBackends, trustThePlatform } from './support/propagation.ts'
import { SdkApplication } from './support/sdk-application.ts'
import { seedUsers } from './support/seed-users.ts'
import { fetchToken, technicalToken } from './support/tokens.ts'

const platform = await startPlatform()
after(() => platform.stop())

const users = Array.from({ length: 200 }, (_, index) => `user-${index}`)
const password = 'only-for-this-test'
const atOnce = 50

/** Runs `work` for all items, a limited number at a time, in their order of starting. */
async function forAll<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at]!)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}

function logOn(user: string): Promise<string> {
  return fetchToken(platform, 'xsuaa', { grant_type: 'password', username: `${user}@plant.example`, password })
}

const subjectOf = (user: string): string => `OU=Plant\nCN=${user}@plant.example`

test('200 users who logged on at the token service call through the SAP Cloud SDK at the same time, and each arrives under the name that the pattern gives, over connections and with a certificate of that user only (SCC-151, SCC-211, CONN-063, RC-118)', async () => {
  const connector = await createCertificate(platform, 'systemCertificate', 'CN=Connector of the plant')
  const authority = new X509Certificate(await createCertificate(platform, 'ppCaCertificate', 'CN=Users of the plant'))
  const rules = [{ subject: 'CN=${email},OU=Plant' }]
  await administrate(platform, 'PUT', `${onPremise}/principalPropagation/subjectPatternRules`, rules)
  const backend = await startCertificateBackend(connector)
  try {
    await trustBackends(platform, backend.ca)
    await trustThePlatform(platform)
    await expose(platform, {
      virtualHost: 'plant.virtual',
      backendPort: backend.port,
      protocol: 'HTTPS',
      authenticationMode: 'X509_RESTRICTED',
    })
    await createDestination(platform, {
      Name: 'plant',
      Authentication: 'PrincipalPropagation',
      URL: 'http://plant.virtual',
      ProxyType: 'OnPremise',
    })
    await seedUsers(platform, users, password)
    const tokens = new Map(await forAll(users, async (user) => [user, await logOn(user)] as const))
    await using application = await SdkApplication.start(platform)
    // Twice, in two orders, so that connections and certificates of the first round wait for the wrong users.
    const calls = [...users, ...users.toReversed()].map((user, index) => ({ user, echo: `${user}/${index}` }))
    const seen = await forAll(calls, async ({ user, echo }) => {
      const jwt = tokens.get(user) ?? ''
      const request = { url: '/whoami', headers: { 'x-echo': echo } }
      const answer = await application.call({ destination: 'plant', jwt, request })
      assert.equal(answer.status, 200, answer.failure)
      return answer.data as Seen
    })
    const serials = new Map<string, Set<string>>()
    for (const [index, { user, echo }] of calls.entries()) {
      const entry = seen[index]!
      assert.deepEqual(
        [entry.user, entry.echo, entry.count, entry.tls],
        [subjectOf(user), echo, 1, 'Connector of the plant'],
      )
      const certificate = new X509Certificate(Buffer.from(entry.header ?? '', 'base64'))
      assert.ok(certificate.verify(authority.publicKey), `${user} was issued by somebody else`)
      serials.set(user, (serials.get(user) ?? new Set()).add(certificate.serialNumber))
    }
    assert.equal(serials.size, users.length)
    // One certificate for both calls of a user, and none that two users share.
    assert.deepEqual(
      [...serials.values()].filter(({ size }) => size !== 1),
      [],
    )
    assert.equal(new Set([...serials.values()].flatMap((own) => [...own])).size, users.length)
    assert.deepEqual(
      backend.usersOfConnections.filter(({ size }) => size !== 1),
      [],
    )
    await refusesOthers(tokens.get(users[0]!)!, backend.seen)
  } finally {
    await backend.close()
  }
})

/** Whatever is no valid token of a trusted issuer for this subaccount ends before the backend. */
async function refusesOthers(userToken: string, seen: readonly Seen[]): Promise<void> {
  const before = seen.length
  const authorization = `Bearer ${await technicalToken(platform, 'connectivity')}`
  const mint = await TokenMint.create(systemClock)
  const claims = JSON.parse(Buffer.from(userToken.split('.')[1] ?? '', 'base64url').toString())
  const forged = await mint.token({ userName: 'user-1@plant.example', issuer: claims.iss, tenant: claims.zid })
  const foreign = await mint.token({
    userName: 'user-1@plant.example',
    issuer: 'https://idp.example',
    tenant: claims.zid,
  })
  const [head, body, signature = ''] = userToken.split('.')
  const other = Buffer.from(JSON.stringify({ ...claims, email: 'user-1@plant.example' })).toString('base64url')
  for (const token of [forged, foreign, `${head}.${other}.${signature}`, `${head}.${body}.`, 'nonsense']) {
    const { status, text } = await call(authorization, token)
    assert.ok(status === 401 || status === 403, `${status} ${text}`)
  }
  assert.equal(seen.length, before)
}

async function call(
  authorization: string,
  userToken: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const { hostname, port } = platform.address('HTTP proxy')
  const headers = { 'proxy-authorization': authorization, 'sap-connectivity-authentication': `Bearer ${userToken}` }
  const request = get({ host: hostname, port, path: 'http://plant.virtual/whoami', headers, agent: false })
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  return { status: answer.statusCode ?? 0, text: await text(answer) }
}
