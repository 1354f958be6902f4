import { randomBytes } from 'node:crypto'
import { loadConfig } from '@landbridge/config'
import {
  connectivityServiceConfigSchema,
  type RunningConnectivityService,
  startConnectivityService,
} from '@landbridge/connectivity-service'
import { LocalCa, TokenVerifier } from '@landbridge/identity'
import { type Closeable, closeAll, Sealer, silentLog, systemClock } from '@landbridge/kernel'
import {
  type BoundService,
  type PlatformEndpoints,
  renderCredentials,
  type Subaccount,
  TenantAccess,
} from '@landbridge/registry'
import {
  type IdentityTables,
  identityMigrations,
  openStore,
  RegistryStore,
  type RegistryTables,
  registryMigrations,
  SqlSigningKeyStore,
} from '@landbridge/store'
import { type RunningTokenService, startTokenService, tokenServiceConfigSchema } from '@landbridge/token-service'
import { Agent, type Dispatcher, request } from 'undici'

export const password = 'Welcome-1!'

/** A subaccount with a user who may pair connectors, and bindings of an application in it. */
export interface Tenant {
  readonly subaccount: Subaccount
  readonly user: string
  readonly xsuaa: BoundService
  readonly connectivity: BoundService
}

let names = 0

/** The real token service and the real connectivity service over SQLite: everything of the cloud but the proxy. */
export class Cloud {
  readonly ca: LocalCa
  readonly tokenService: RunningTokenService
  readonly service: RunningConnectivityService
  readonly tenantAccess: TenantAccess
  readonly #agent: Dispatcher
  readonly #parts: Closeable[]

  private constructor(
    ca: LocalCa,
    tokenService: RunningTokenService,
    service: RunningConnectivityService,
    tenantAccess: TenantAccess,
    parts: Closeable[],
  ) {
    this.ca = ca
    this.tokenService = tokenService
    this.service = service
    this.tenantAccess = tenantAccess
    this.#agent = new Agent({ connect: { ca: ca.certificatePem } })
    this.#parts = [...parts, { close: () => this.#agent.destroy() }]
  }

  static async start(): Promise<Cloud> {
    const ca = await LocalCa.create({ subject: { CN: 'Test CA', O: 'Landbridge' } })
    const base = { url: 'sqlite::memory:', sealer: new Sealer(randomBytes(32)), clock: systemClock, log: silentLog }
    const registryTables = await openStore<RegistryTables>({ ...base, migrations: registryMigrations })
    const identityTables = await openStore<IdentityTables>({ ...base, migrations: identityMigrations })
    const registry = new RegistryStore(registryTables)
    const tenantAccess = new TenantAccess({ repository: registry, clock: systemClock })
    const shared = { ca, clock: systemClock, log: silentLog }
    const tokenService = await startTokenService({
      ...shared,
      config: loadConfig(tokenServiceConfigSchema, { environment: {}, overrides: { port: 0 } }),
      clients: registry,
      tenants: registry,
      users: registry,
      keys: new SqlSigningKeyStore(identityTables),
      mayActIn: (client, tenant) => tenantAccess.mayActIn(client, tenant),
    })
    const service = await startConnectivityService({
      ...shared,
      config: loadConfig(connectivityServiceConfigSchema, { environment: {}, overrides: { port: 0 } }),
      registry,
      verifier: new TokenVerifier({
        keys: tokenService.ring,
        clock: systemClock,
        acceptIssuer: tokenService.isOwnIssuer,
      }),
      trust: async () => [],
      bus: registryTables.bus,
    })
    return new Cloud(ca, tokenService, service, tenantAccess, [registryTables, identityTables, tokenService, service])
  }

  get tokenPort(): number {
    return Number(new URL(this.tokenService.url).port)
  }

  /** @param id for a subaccount that another platform has as well. */
  async newTenant(id?: string): Promise<Tenant> {
    const subdomain = `tenant-${++names}`
    const subaccount = await this.service.registry.createSubaccount({ subdomain, ...(id === undefined ? {} : { id }) })
    const user = `admin@${subdomain}.test`
    await this.service.users.createUser({
      subaccountId: subaccount.id,
      userName: user,
      password,
      roleCollections: ['Cloud Connector Administrator'],
    })
    return {
      subaccount,
      user,
      xsuaa: await this.bind(subaccount, 'xsuaa'),
      connectivity: await this.bind(subaccount, 'connectivity'),
    }
  }

  /** A binding of a new instance. */
  async bind(subaccount: Subaccount, service: string, parameters?: Record<string, unknown>): Promise<BoundService> {
    const { registry } = this.service
    const name = `i-${++names}`
    const instance = await registry.createInstance({ subaccountId: subaccount.id, service, name, parameters })
    return registry.createBinding({ instanceId: instance.id, name: 'key' })
  }

  /** The credentials of a binding as JSON, as the operator hands them out. */
  async serviceKey(bound: BoundService): Promise<string> {
    const endpoints: PlatformEndpoints = {
      uaaDomain: this.tokenService.uaaDomain,
      destinationUri: 'http://destination.test',
      connectivityUri: this.service.url,
      proxy: { host: '127.0.0.1', httpPort: 1, socks5Port: 1, rfcLdapPort: 1 },
      verificationKey: await this.tokenService.verificationKey(),
    }
    return JSON.stringify(renderCredentials(bound, endpoints))
  }

  /** A technical token of a binding for a tenant, by default its own. */
  token(bound: BoundService, tenant = bound.subaccount): Promise<string> {
    return this.#grant(bound, tenant, { grant_type: 'client_credentials' })
  }

  /** A token of the application with the administrator of the tenant as its user. */
  userToken(application: BoundService, { subaccount, user }: Tenant): Promise<string> {
    return this.#grant(application, subaccount, { grant_type: 'password', username: user, password })
  }

  /** The user of a token, in a token of another binding (JWT bearer). */
  exchange(bound: BoundService, userToken: string, tenant = bound.subaccount): Promise<string> {
    const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
    return this.#grant(bound, tenant, { grant_type: grantType, assertion: userToken })
  }

  /** The answer of the token endpoint as it is. */
  async askToken(bound: BoundService, zid: string, form: Record<string, string>) {
    const { clientId, clientSecret } = bound.binding
    const { statusCode, body } = await request(`https://localhost:${this.tokenPort}/oauth/token`, {
      method: 'POST',
      dispatcher: this.#agent,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-zid': zid },
      body: new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret?.reveal() ?? '',
        ...form,
      }).toString(),
    })
    return { status: statusCode, json: (await body.json()) as Readonly<Record<string, unknown>> }
  }

  close(): Promise<void> {
    return closeAll(this.#parts)
  }

  async #grant(bound: BoundService, { id }: Subaccount, form: Record<string, string>): Promise<string> {
    const { status, json } = await this.askToken(bound, id, form)
    if (status !== 200) throw new Error(`no token: ${JSON.stringify(json)}`)
    return String(json.access_token)
  }
}
