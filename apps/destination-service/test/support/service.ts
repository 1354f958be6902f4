import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import {
  type AuthorityStore,
  CertificateAuthorities,
  CertificateRenewal,
  type DestinationStore,
  type OnPremiseChannel,
  TrustEnding,
} from '@landbridge/destinations'
import {
  type Closeable,
  closeAll,
  createLog,
  ManualClock,
  type RunningApp,
  Sealer,
  silentLog,
} from '@landbridge/kernel'
import {
  type DestinationTables,
  destinationMigrations,
  openStore,
  SqlAuthorityStore,
  SqlCertificateStore,
  SqlConfigurationTransactions,
  SqlDestinationStore,
  SqlFragmentStore,
  SqlSharedTokenStore,
  SqlTrustStore,
} from '@landbridge/store'
import {
  type Administration,
  type DestinationServiceConfig,
  type RolesOf,
  startDestinationService,
} from '../../src/index.ts'
import { contractProblems } from './contract.ts'
import { StoredCertificates } from './stored-certificates.ts'
import { type TestClaims, testTokens } from './test-tokens.ts'

export const provider = { id: '11111111-1111-4111-8111-111111111111', subdomain: 'provider' }
export const subscriberA = { id: '22222222-2222-4222-8222-222222222222', subdomain: 'subscriber-a' }
export const subscriberB = { id: '33333333-3333-4333-8333-333333333333', subdomain: 'subscriber-b' }
const tenants = [provider, subscriberA, subscriberB]

export const clients = {
  first: client('sb-first!b1|destination!b4', 'destination', 'instance-1'),
  second: client('sb-second!b1|destination!b4', 'destination', 'instance-2'),
  foreign: client('sb-conn!b1', 'connectivity', 'instance-3'),
}

/** The directory fails when it is asked for this one. */
export const brokenClient = 'sb-broken!b1'

function client(clientId: string, service: string, instanceId: string) {
  const rest = { certificateThumbprints: [], plan: 'lite', xsappname: clientId.slice(3), redirectUris: [] }
  return { ...rest, clientId, service, instanceId, subaccountId: provider.id }
}

export const config: DestinationServiceConfig = {
  host: '127.0.0.1',
  port: 0,
  serverNames: [],
  tokenCacheEntries: 100,
  shareTokens: true,
  userRoles: 'ignore',
  longestUri: 4_000,
  tokenDeadlineMs: 60_000,
  requestsPerMinute: 0,
  certificateRenewalPeriodMs: 1e12,
  privateTokenServices: 'allow',
  samlIssuerPrefix: 'cfapps.test',
  trustKeySize: 2048,
  allowedTokenServices: [],
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // The tests compare bodies of many shapes.
  readonly body: never
}

export interface TestService extends Closeable {
  readonly app: RunningApp
  readonly clock: ManualClock
  readonly certificates: StoredCertificates
  /** The store itself, for what the API would refuse. */
  readonly destinations: DestinationStore
  /** Every log line, as text. */
  readonly log: string[]
  token(claims?: Partial<TestClaims>): Promise<string>
  /** Resolves with the next log line of a kind, or with an earlier one. */
  logged(isIt: (line: string) => boolean): Promise<string>
  /** While true, the store of the certificate authority fails. */
  failAuthority: boolean
  /** Runs the renewal of certificates; the app's own timer stands still unless a test sets its period. */
  renewed(): Promise<void>
  /** Sends a request and checks the answer against the published contract. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
}

export interface CallOptions {
  /** Bearer token; the provider's technical token by default, `null` sends none. */
  readonly token?: string | null
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

/** The real service on a real database, with tokens that the test signs. */
export async function startService(
  url: string,
  more: {
    config?: Partial<DestinationServiceConfig>
    ca?: string
    onPremise?: OnPremiseChannel
    userInfoUrl?: string
    rolesOf?: RolesOf
    administration?: Partial<Administration>
    /** The same for replicas on one database. */
    sealer?: Sealer
    /** As the composition does where the database is PostgreSQL. */
    shareTokens?: boolean
  } = {},
): Promise<TestService> {
  const clock = new ManualClock()
  const log: string[] = []
  const lines = new EventEmitter()
  const write = createLog((...line) => {
    log.push(JSON.stringify(line))
    lines.emit('line')
  }, 'debug')
  const store = await openStore<DestinationTables>({
    url,
    sealer: more.sealer ?? new Sealer(randomBytes(32)),
    clock,
    log: silentLog,
    migrations: destinationMigrations,
  })
  const { sign, verifier } = await testTokens(clock)
  const certificates = new SqlCertificateStore(store)
  const kept = new SqlAuthorityStore(store)
  const authorities: AuthorityStore = {
    find: () => (service.failAuthority ? Promise.reject(new Error('the authority is gone')) : kept.find()),
    replace: (next, former) => kept.replace(next, former),
  }
  const app = await startDestinationService({
    config: { ...config, ...more.config },
    store: new SqlDestinationStore(store),
    fragments: new SqlFragmentStore(store),
    certificates,
    authorities,
    trustStore: new SqlTrustStore(store),
    ...(more.shareTokens === true ? { sharedTokens: new SqlSharedTokenStore(store) } : {}),
    verifier,
    tenants: {
      tenantById: async (id) => tenants.find((tenant) => tenant.id === id),
      tenantBySubdomain: async (name) => tenants.find((tenant) => tenant.subdomain === name),
    },
    clients: {
      findClient: async (clientId) => {
        if (clientId === brokenClient) throw new Error(`planted detail of ${clientId}`)
        return Object.values(clients).find((known) => known.clientId === clientId)
      },
    },
    administration: { transactions: new SqlConfigurationTransactions(store), certificates, ...more.administration },
    clock,
    log: write,
    ...(more.ca === undefined ? {} : { ca: more.ca }),
    ...(more.onPremise === undefined ? {} : { onPremise: more.onPremise }),
    ...(more.rolesOf === undefined ? {} : { rolesOf: more.rolesOf }),
    ...(more.userInfoUrl === undefined ? {} : { userInfoUrl: more.userInfoUrl }),
  })
  const renewal = new CertificateRenewal({
    store: certificates,
    authorities: new CertificateAuthorities(authorities, clock),
    clock,
    log: write,
  })
  const ending = new TrustEnding({ store: new SqlTrustStore(store), clock, log: write })
  const token = (claims: Partial<TestClaims> = {}) =>
    sign({ zid: provider.id, subdomain: provider.subdomain, clientId: clients.first.clientId, ...claims })
  const service: TestService = {
    app,
    failAuthority: false,
    async logged(isIt) {
      for (;;) {
        const line = log.find(isIt)
        if (line !== undefined) return line
        await once(lines, 'line')
      }
    },
    async renewed() {
      await renewal.renewDue(clock.now())
      await renewal.reportEnding(clock.now())
      await ending.report(clock.now())
    },
    clock,
    certificates: new StoredCertificates(certificates),
    destinations: new SqlDestinationStore(store),
    log,
    token,
    close: () => closeAll([store, app]),
    async call(method, path, options = {}) {
      const bearer = options.token === undefined ? await token() : options.token
      const { body } = options
      // Paths of later versions and of maintenance say so themselves.
      const full = /^\/(?:v\d|maintenance)\//.test(path) ? path : `/v1${path}`
      const answer = await fetch(`${app.url}/destination-configuration${full}`, {
        method,
        headers: {
          ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...options.headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return checkedReply(method, full, answer)
    },
  }
  return service
}

/** Reads an answer; every answer of these tests is held against the published contract. */
export async function checkedReply(method: string, path: string, answer: Response): Promise<Reply> {
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') === true && text !== ''
  const body: unknown = isJson ? JSON.parse(text) : text
  const { status, headers } = answer
  assert.deepEqual(contractProblems(method, path, { status, headers, body }), [], `${method} ${path}: ${text}`)
  return { status, headers, text, body: (isJson ? body : null) as never }
}

/** Token of a tenant for the first instance. */
export function tenantClaims(tenant: { id: string; subdomain: string }): Partial<TestClaims> {
  return { zid: tenant.id, subdomain: tenant.subdomain }
}
