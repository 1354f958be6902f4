import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { isIP } from 'node:net'
import {
  hashPassword,
  LocalCa,
  type OAuthClient,
  type Tenant,
  type User,
  type UserDirectory,
  verifyPassword,
} from '@landbridge/identity'
import { ManualClock, Sealer, Secret, silentLog } from '@landbridge/kernel'
import { type IdentityTables, identityMigrations, openStore, SqlSigningKeyStore, SqlSingleUse } from '@landbridge/store'
import { Value } from '@sinclair/typebox/value'
import {
  startTokenService,
  type TokenServiceConfig,
  type TokenServiceOptions,
  tokenServiceConfigSchema,
} from '../src/index.ts'

export const tenants: readonly Tenant[] = [
  { id: '7f000000-0000-4000-8000-00000000000a', subdomain: 'sub1' },
  { id: '7f000000-0000-4000-8000-00000000000b', subdomain: 'sub2' },
]

export const password = 'Welcome-1!'

/** An application and a destination instance in the first subaccount, with secrets; `extra` changes the application. */
export function testClients(extra: Partial<OAuthClient> = {}): readonly OAuthClient[] {
  const base = {
    certificateThumbprints: [],
    subaccountId: tenants[0]!.id,
    redirectUris: ['https://app.test/login/callback', 'http://localhost:*/**'],
  }
  return [
    {
      ...base,
      clientId: 'sb-app!t1',
      secret: new Secret('s1+/='),
      instanceId: 'inst-app',
      service: 'xsuaa',
      plan: 'application',
      xsappname: 'app!t1',
      ...extra,
    },
    {
      ...base,
      clientId: 'sb-clone1!b2|destination-xsappname!b3',
      secret: new Secret('s2'),
      instanceId: 'inst-dest',
      service: 'destination',
      plan: 'lite',
      xsappname: 'clone1!b2|destination-xsappname!b3',
    },
  ]
}

export const ann: User = {
  id: 'c0ffee00-0000-4000-8000-000000000001',
  userName: 'ann@example.test',
  email: 'ann@example.test',
  givenName: 'Ann',
  familyName: 'Example',
  origin: 'sap.default',
  roleCollections: ['Viewer'],
  attributes: { costcenter: ['4711'], Groups: ['staff'] },
}

class MemoryUsers implements UserDirectory {
  readonly users: Map<string, User>
  readonly #hash: Promise<string>

  constructor() {
    this.users = new Map([[ann.id, ann]])
    this.#hash = hashPassword(password)
  }

  async authenticate(userName: string, given: string, subaccountId: string): Promise<User | undefined> {
    const user = [...this.users.values()].find((one) => one.userName === userName)
    const isKnown = user !== undefined && tenants.some(({ id }) => id === subaccountId)
    return (await verifyPassword(given, isKnown ? await this.#hash : undefined)) ? user : undefined
  }

  async findUser(id: string): Promise<User | undefined> {
    return this.users.get(id)
  }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read any member of an answer and assert what it is
  readonly json: any
}

export interface Ask {
  readonly host?: string
  readonly form?: Readonly<Record<string, string>> | URLSearchParams
  readonly headers?: Readonly<Record<string, string>>
  readonly cert?: { readonly cert: string; readonly key: string }
}

export type TestService = Awaited<ReturnType<typeof startTestService>>

export const ca = await LocalCa.create({ subject: { CN: 'Test CA', O: 'Landbridge' } })

export function testConfig(config: Partial<TokenServiceConfig> = {}): TokenServiceConfig {
  return { ...Value.Parse(tokenServiceConfigSchema, Value.Default(tokenServiceConfigSchema, {})), port: 0, ...config }
}

/** A token service with real https, a real key store and its clock at now. */
export async function startTestService(
  options: {
    /** Database to share with another instance. */ storeUrl?: string
    sealer?: Sealer
    config?: Partial<TokenServiceConfig>
    clients?: readonly OAuthClient[]
  } & Partial<Pick<TokenServiceOptions, 'mayActIn' | 'clock' | 'log' | 'tenants' | 'newPasscode'>> = {},
) {
  const clock = new ManualClock(Date.now())
  const users = new MemoryUsers()
  const clients = options.clients ?? testClients()
  const store = await openStore<IdentityTables>({
    url: options.storeUrl ?? 'sqlite::memory:',
    sealer: options.sealer ?? new Sealer(randomBytes(32)),
    clock,
    log: silentLog,
    migrations: identityMigrations,
  })
  const app = await startTokenService({
    config: testConfig(options.config),
    clients: { findClient: async (clientId) => clients.find((client) => client.clientId === clientId) },
    tenants: options.tenants ?? {
      tenantById: async (id) => tenants.find((tenant) => tenant.id === id),
      tenantBySubdomain: async (subdomain) => tenants.find((tenant) => tenant.subdomain === subdomain),
    },
    users,
    keys: new SqlSigningKeyStore(store),
    ca,
    singleUse: new SqlSingleUse(store),
    clock: options.clock ?? clock,
    log: options.log ?? silentLog,
    // Tests speak for both tenants unless they say otherwise.
    mayActIn: options.mayActIn ?? (async () => true),
    ...(options.newPasscode === undefined ? {} : { newPasscode: options.newPasscode }),
  })
  const port = Number(new URL(app.url).port)
  const ask = (method: string, path: string, given: Ask = {}): Promise<Answer> =>
    askServer({ method, path, port, host: given.host ?? app.uaaDomain, ask: given })
  return {
    app,
    clock,
    users,
    port,
    store,
    get: (path: string, given?: Ask) => ask('GET', path, given),
    post: (path: string, given?: Ask) => ask('POST', path, given),
    /** `POST /oauth/token` as the application, secret in the body. */
    token: (form: Readonly<Record<string, string>>, given: Ask = {}) =>
      ask('POST', '/oauth/token', { ...given, form: { client_id: 'sb-app!t1', client_secret: 's1+/=', ...form } }),
    async close() {
      await app.close()
      await store.close()
    },
  }
}

function askServer(to: { method: string; path: string; port: number; host: string; ask: Ask }): Promise<Answer> {
  const body = to.ask.form === undefined ? '' : new URLSearchParams(to.ask.form as Record<string, string>).toString()
  const name = to.host.replace(/:\d+$/, '')
  const serverName = isIP(name) === 0 ? name : ''
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: to.port,
        servername: serverName,
        method: to.method,
        path: to.path,
        ca: ca.certificatePem,
        agent: false,
        ...to.ask.cert,
        headers: {
          host: to.host,
          ...(body === '' ? {} : { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' }),
          ...to.ask.headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          const isJson = response.headers['content-type']?.startsWith('application/json') === true
          const json = isJson ? JSON.parse(text) : undefined
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The payload of a JWT, unverified. */
// biome-ignore lint/suspicious/noExplicitAny: tests read any claim and assert what it is
export function claimsOf(token: string): any {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

// biome-ignore lint/suspicious/noExplicitAny: as above
export function headerOf(token: string): any {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8'))
}
