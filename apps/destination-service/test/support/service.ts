import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
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
  SqlConfigurationTransactions,
  SqlDestinationStore,
} from '@landbridge/store'
import { type Administration, type DestinationServiceConfig, startDestinationService } from '../../src/index.ts'
import { contractProblems } from './contract.ts'
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
  tokenCacheEntries: 100,
  tokenDeadlineMs: 60_000,
  privateTokenServices: 'allow',
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
  /** Every log line, as text. */
  readonly log: string[]
  token(claims?: Partial<TestClaims>): Promise<string>
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
  more: { config?: Partial<DestinationServiceConfig>; ca?: string; administration?: Partial<Administration> } = {},
): Promise<TestService> {
  const clock = new ManualClock()
  const log: string[] = []
  const write = createLog((...line) => log.push(JSON.stringify(line)), 'debug')
  const store = await openStore<DestinationTables>({
    url,
    sealer: new Sealer(randomBytes(32)),
    clock,
    log: silentLog,
    migrations: destinationMigrations,
  })
  const { sign, verifier } = await testTokens(clock)
  const app = await startDestinationService({
    config: { ...config, ...more.config },
    store: new SqlDestinationStore(store),
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
    administration: { transactions: new SqlConfigurationTransactions(store), ...more.administration },
    clock,
    log: write,
    ...(more.ca === undefined ? {} : { ca: more.ca }),
  })
  const token = (claims: Partial<TestClaims> = {}) =>
    sign({ zid: provider.id, subdomain: provider.subdomain, clientId: clients.first.clientId, ...claims })
  return {
    app,
    clock,
    log,
    token,
    close: () => closeAll([store, app]),
    async call(method, path, options = {}) {
      const bearer = options.token === undefined ? await token() : options.token
      const answer = await fetch(`${app.url}/destination-configuration/v1${path}`, {
        method,
        headers: {
          ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
          ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...options.headers,
        },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      })
      const text = await answer.text()
      const isJson = answer.headers.get('content-type')?.includes('json') === true && text !== ''
      assert.deepEqual(
        contractProblems(method, path, answer.status, isJson ? JSON.parse(text) : text),
        [],
        `${method} ${path}`,
      )
      return { status: answer.status, headers: answer.headers, text, body: (isJson ? JSON.parse(text) : null) as never }
    },
  }
}

/** Token of a tenant for the first instance. */
export function tenantClaims(tenant: { id: string; subdomain: string }): Partial<TestClaims> {
  return { zid: tenant.id, subdomain: tenant.subdomain }
}
