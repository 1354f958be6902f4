// What decision 0010 rests on: a token request against a look-up of the token that another replica left. Run by itself:
//   node bench/destinations/token-sharing.ts
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { EndpointPolicy, type GrantedToken } from '@landbridge/destinations'
import { LocalCa } from '@landbridge/identity'
import { Sealer, silentLog, systemClock } from '@landbridge/kernel'
import { type DestinationTables, destinationMigrations, openStore, SqlSharedTokenStore } from '@landbridge/store'
import { newDatabase } from '@landbridge/testkit'
import { createTokenEndpoint } from '../../apps/destination-service/src/token-endpoint.ts'

const rounds = 300

async function measure(what: string, work: (round: number) => Promise<unknown>): Promise<void> {
  for (let round = 0; round < 30; round += 1) await work(-1 - round)
  const times: number[] = []
  const cpu = process.cpuUsage()
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now()
    await work(round)
    times.push(performance.now() - startedAt)
  }
  const { user, system } = process.cpuUsage(cpu)
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor(rounds * share)]?.toFixed(2)
  console.log(`${what}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, CPU ${((user + system) / 1_000 / rounds).toFixed(2)} ms`)
}

const postgres = await newDatabase()
if ('unavailable' in postgres) throw new Error(postgres.unavailable)
const ca = await LocalCa.create({ subject: { CN: 'CA' } })
const pair = await ca.issueServer({ dnsNames: ['localhost'], days: 1 })
let delayMs = 0
// A token of the size that an XSUAA grants.
const answer = JSON.stringify({
  access_token: randomBytes(1_500).toString('hex'),
  token_type: 'bearer',
  expires_in: 43_200,
})
const server = createServer(pair, (request, reply) => {
  request
    .resume()
    .on('end', () => setTimeout(() => reply.setHeader('content-type', 'application/json').end(answer), delayMs))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const endpoint = createTokenEndpoint({
  policy: new EndpointPolicy({ privateAddresses: 'allow', allow: [] }),
  clock: systemClock,
  log: silentLog,
  deadlineMs: 60_000,
  ca: ca.certificatePem,
})
const request = () =>
  endpoint.send({
    url: `https://localhost:${(server.address() as AddressInfo).port}/`,
    headers: [['content-type', 'application/x-www-form-urlencoded']],
    body: 'grant_type=client_credentials&client_id=c&client_secret=s',
    proxyType: 'Internet',
    subaccountId: '',
    locationId: '',
    connectTimeoutMs: 10_000,
    readTimeoutMs: 10_000,
    insecureTrustAll: false,
  })
const store = await openStore<DestinationTables>({
  url: postgres.url,
  sealer: new Sealer(randomBytes(32)),
  clock: systemClock,
  log: silentLog,
  migrations: destinationMigrations,
})
const tokens = new SqlSharedTokenStore(store)
const expiresAtMs = Date.now() + 43_200_000
const { access_token: value } = JSON.parse(answer) as { access_token: string }
const token: GrantedToken = { value, type: 'Bearer', expiresAtMs, scope: undefined, refreshToken: undefined }

await measure('token request, service on this machine that answers at once', request)
delayMs = 50
await measure('token request, service that takes 50 ms', request)
await measure('claim and keep, once per token', async (round) => {
  await tokens.claim(`k${round}`, Date.now() + 15_000)
  await tokens.keep(`k${round}`, { token, renewAtMs: expiresAtMs - 1_000_000 })
})
await measure('look-up of a token that another replica left', (round) => tokens.find(`k${round}`))
await measure('look-up in vain', (round) => tokens.find(`none${round}`))
server.close()
await store.close()
await postgres.stop()
