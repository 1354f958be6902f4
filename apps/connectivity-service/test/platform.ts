import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { loadConfig } from '@landbridge/config'
import { applyInitData, instanceLevel, subaccountLevel } from '@landbridge/destinations'
import { LocalCa, staticKeySource, TokenVerifier } from '@landbridge/identity'
import { type Clock, type Log, Sealer, Secret, silentLog, systemClock } from '@landbridge/kernel'
import type { BoundService, PlatformEndpoints, Subaccount } from '@landbridge/registry'
import {
  type CertificateTables,
  certificateMigrations,
  type DestinationTables,
  destinationMigrations,
  type NotificationTables,
  notificationMigrations,
  openStore,
  RegistryStore,
  type RegistryTables,
  registryMigrations,
  SqlCertificateStore,
  SqlConfigurationTransactions,
  SqlDestinationStore,
  SqlMappingStore,
  SqlNotificationStore,
  SqlTenantCertificateStore,
  type Store,
} from '@landbridge/store'
import {
  type ConnectivityServiceConfig,
  connectivityServiceConfigSchema,
  notificationsConfigSchema,
  type RunningConnectivityService,
  startConnectivityService,
  type TrustedIdp,
} from '../src/index.ts'
import { type Answer, type Call, callHttps } from './https-call.ts'

export const password = 'correct horse'
export const operatorSecret = 'operator-secret-of-this-test'
export const brokerUser = { name: 'platform', password: 'broker-password-of-this-test' }
const issuer = 'https://acme.uaa.example.test/oauth/token'
const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const sealer = new Sealer(randomBytes(32))

const endpoints: PlatformEndpoints = {
  uaaDomain: 'uaa.example.test',
  destinationUri: 'http://destination.example.test',
  connectivityUri: 'https://connectivity.example.test',
  proxy: { host: 'proxy.example.test', httpPort: 20003, socks5Port: 20004, rfcLdapPort: 20001 },
  verificationKey: 'PEM',
}

export const idp: TrustedIdp = {
  id: 'uaa',
  name: 'Token service',
  description: '',
  issuer,
  jwks: { keys: [] },
  enabled: true,
}

/** One replica of the connectivity service with what a test needs to talk to it. */
export interface Platform {
  readonly service: RunningConnectivityService
  readonly store: Store<RegistryTables>
  readonly destinations: SqlDestinationStore
  readonly keyStores: SqlCertificateStore
  readonly ca: LocalCa
  readonly clock: Clock
  readonly serverName: string
  readonly region: (call: Call) => Promise<Answer>
  readonly operator: (call: Omit<Call, 'authorization'>) => Promise<Answer>
  /** A token as the token service would issue it for this client. */
  tokenFor(clientId: string, lifetimeSeconds?: number): string
  close(): Promise<void>
}

export interface PlatformOptions {
  readonly url?: string
  readonly clock?: Clock
  readonly ca?: LocalCa
  readonly log?: Log
  readonly config?: Partial<ConnectivityServiceConfig>
}

export const newCa = (clock: Clock = systemClock) =>
  LocalCa.create({ subject: { CN: 'Test CA', O: 'Landbridge' }, clock })

/** Starts a replica on its own connection to the database; an SQLite database in memory unless told otherwise. */
export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const clock = options.clock ?? systemClock
  const ca = options.ca ?? (await newCa(clock))
  const store = await openStore<RegistryTables & DestinationTables>({
    url: options.url ?? 'sqlite::memory:',
    sealer,
    clock,
    log: silentLog,
    migrations: {
      ...registryMigrations,
      ...destinationMigrations,
      ...notificationMigrations,
      ...certificateMigrations,
    },
  })
  // Every part of the database sees its own tables only.
  const registryTables = store as unknown as Store<RegistryTables>
  const destinationTables = store as unknown as Store<DestinationTables>
  const configurations = new SqlConfigurationTransactions(destinationTables)
  const defaults = Object.fromEntries(
    Object.entries(connectivityServiceConfigSchema.properties).map(([key, schema]) => [key, schema.default]),
  ) as ConnectivityServiceConfig
  const service = await startConnectivityService({
    config: { ...defaults, port: 0, operatorClients: ['sb-operator'], ...options.config },
    registry: new RegistryStore(registryTables),
    verifier: new TokenVerifier({ keys: keys(), clock, acceptIssuer: (given) => given === issuer }),
    mappings: new SqlMappingStore(store),
    diagnosis: {
      destinations: new SqlDestinationStore(destinationTables),
      keyStores: new SqlCertificateStore(destinationTables),
      tenantCertificates: new SqlTenantCertificateStore(store as unknown as Store<CertificateTables>),
      mappings: new SqlMappingStore(store),
      isOwn: ({ hostname }) => hostname === 'localhost',
    },
    notifications: {
      config: loadConfig(notificationsConfigSchema, { environment: {} }),
      store: new SqlNotificationStore(store as unknown as Store<NotificationTables>),
    },
    ca,
    trust: async () => [idp],
    bus: store.bus,
    clock,
    log: options.log ?? silentLog,
    operatorSecret: new Secret(operatorSecret),
    broker: { name: brokerUser.name, password: new Secret(brokerUser.password) },
    endpoints: async () => endpoints,
    applyInitData: ({ id, subaccountId }, initData) =>
      applyInitData(
        configurations,
        {
          subaccount: subaccountLevel({ subaccountId }),
          instance: instanceLevel({ subaccountId, instanceId: id, instanceSubaccountId: subaccountId }),
        },
        initData,
      ),
    removeContent: (owner) => configurations.removeContent(owner),
    // Any text will do: applications of these tests only look at it.
    callbackToken: async (call) => Buffer.from(JSON.stringify(call.scopes)).toString('base64url'),
  })
  const serverName = service.notificationHost
  const region = (call: Call) => callHttps(service.port, ca.certificatePem, serverName, call)
  return {
    service,
    store: registryTables,
    destinations: new SqlDestinationStore(destinationTables),
    keyStores: new SqlCertificateStore(destinationTables),
    ca,
    clock,
    serverName,
    region,
    operator: (call) => region({ ...call, authorization: `Bearer ${operatorSecret}` }),
    tokenFor: (clientId, lifetimeSeconds = 3_600) => signedToken(clientId, clock, lifetimeSeconds),
    async close() {
      await service.close()
      await store.close()
    },
  }
}

function keys() {
  const jwk = signingKey.publicKey.export({ format: 'jwk' })
  return staticKeySource({ keys: [{ ...jwk, kid: 'k1', alg: 'ES256', use: 'sig' }] })
}

function signedToken(clientId: string, clock: Clock, lifetimeSeconds: number): string {
  const now = Math.floor(clock.now() / 1_000)
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const claims = { iss: issuer, cid: clientId, zid: 'tenant', iat: now, exp: now + lifetimeSeconds }
  const text = `${encode({ alg: 'ES256', kid: 'k1', typ: 'JWT' })}.${encode(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key: signingKey.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

let subdomains = 0

/** A subaccount with a user who may pair connectors with it. */
export async function newTenant(platform: Platform): Promise<{ subaccount: Subaccount; basic: string }> {
  const subaccount = await platform.service.registry.createSubaccount({ subdomain: `tenant-${++subdomains}` })
  const userName = `admin@tenant-${subdomains}.test`
  await platform.service.users.createUser({
    subaccountId: subaccount.id,
    userName,
    password,
    roleCollections: ['Cloud Connector Administrator'],
  })
  return { subaccount, basic: basic(userName, password) }
}

export function basic(userName: string, secret: string): string {
  return `Basic ${Buffer.from(`${userName}:${secret}`).toString('base64')}`
}

/** A binding of a new instance. */
export async function newBinding(
  platform: Platform,
  subaccountId: string,
  service: string,
  parameters?: Record<string, unknown>,
): Promise<BoundService> {
  const { registry } = platform.service
  const instance = await registry.createInstance({
    subaccountId,
    service,
    name: `i-${randomBytes(6).toString('hex')}`,
    parameters,
  })
  return registry.createBinding({ instanceId: instance.id, name: 'key' })
}
