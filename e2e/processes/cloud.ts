// The cloud side as a process: connectivity service and connectivity proxy, together or apart.
import { randomBytes } from 'node:crypto'
import {
  type ConnectivityProxyConfig,
  connectivityProxyConfigSchema,
  type RunningConnectivityProxy,
  startConnectivityProxy,
} from '@landbridge/connectivity-proxy'
import {
  type ConnectivityServiceConfig,
  connectivityServiceConfigSchema,
  type RunningConnectivityService,
  startConnectivityService,
} from '@landbridge/connectivity-service'
import { type JsonWebKeySet, LocalCa, staticKeySource, TokenVerifier } from '@landbridge/identity'
import { createLog, Sealer, systemClock } from '@landbridge/kernel'
import { openStore, RegistryStore, type RegistryTables, registryMigrations } from '@landbridge/store'
import { Value } from '@sinclair/typebox/value'
import { serveCommands } from './commands.ts'
import type { CloudReady, CloudSettings, ProxySettings, ServiceSettings, Tenant } from './settings.ts'
import { signToken } from './sign-token.ts'

const clock = systemClock
const log = createLog((level, event, facts) => process.stderr.write(`${level} ${event} ${JSON.stringify(facts)}\n`))

let registry: RegistryStore | undefined

serveCommands<CloudSettings>(async (settings) => {
  const ca = LocalCa.load(settings.ca.certificate, settings.ca.key)
  const verifier = new TokenVerifier({
    keys: staticKeySource({ keys: [settings.signing.publicJwk] } as JsonWebKeySet),
    clock,
    acceptIssuer: (issuer) => issuer === settings.signing.issuer,
  })
  const service = settings.service && (await startService(settings.service, ca, verifier))
  const clientId =
    settings.proxy?.clientId === '' && service ? await newProxyClient(service) : (settings.proxy?.clientId ?? '')
  const proxy = settings.proxy && (await startProxy(settings, settings.proxy, { ca, verifier, service, clientId }))
  drainOnTerm(proxy, service)
  const ready: CloudReady = {
    servicePort: service?.port ?? 0,
    httpPort: proxy?.httpPort ?? 0,
    socks5Port: proxy?.socks5Port ?? 0,
    tunnelPort: proxy?.tunnelPort ?? 0,
    proxyClientId: clientId,
  }
  return {
    ready,
    commands: {
      newTenant: () => newTenant(service!),
      newClient: (subaccountId: string) => newBinding(service!, subaccountId, 'connectivity'),
      /** Fingerprints of the certificates that control sessions stand on. */
      sessions: async () => (await registry?.connectors.listSessions(clock.now()))?.map((one) => one.fingerprint),
      tunnels: () => proxy?.tunnelCount() ?? 0,
      isReady: () => proxy?.ready(),
    },
  }
})

/** The order of a planned end: finish what is under way, then close. */
function drainOnTerm(proxy?: RunningConnectivityProxy, service?: RunningConnectivityService): void {
  process.once('SIGTERM', async () => {
    await proxy?.drain(20_000)
    await proxy?.close()
    await service?.close()
    process.exit(0)
  })
}

async function startService(settings: ServiceSettings, ca: LocalCa, verifier: TokenVerifier) {
  const store = await openStore<RegistryTables>({
    url: `sqlite:${settings.database}`,
    sealer: new Sealer(Buffer.from(settings.sealingKey, 'base64')),
    clock,
    log,
    migrations: registryMigrations,
  })
  const { port, heartbeatMs } = settings
  registry = new RegistryStore(store)
  return startConnectivityService({
    config: Value.Default(connectivityServiceConfigSchema, {
      port,
      heartbeatMs,
      leaseMs: 3 * heartbeatMs,
      operatorClients: ['sb-operator'],
    }) as ConnectivityServiceConfig,
    registry,
    verifier,
    ca,
    trust: async () => [],
    bus: store.bus,
    clock,
    log,
  })
}

async function startProxy(
  { signing }: CloudSettings,
  settings: ProxySettings,
  parts: { ca: LocalCa; verifier: TokenVerifier; service: RunningConnectivityService | undefined; clientId: string },
): Promise<RunningConnectivityProxy> {
  const { ca, verifier, clientId } = parts
  const port = settings.servicePort === 0 ? (parts.service?.port ?? 0) : settings.servicePort
  const certificate = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
  const { writeMs = 60_000, ...timeouts } = settings.timeouts
  const config = Value.Default(connectivityProxyConfigSchema, {
    displayName: settings.displayName,
    tenantMode: settings.dedicatedTo === '' ? 'shared' : 'dedicated',
    subaccountId: settings.dedicatedTo,
    servers: {
      businessDataTunnel: { port: settings.tunnelPort, externalHost: 'localhost', externalPort: 0 },
      proxy: {
        http: { enabled: true, port: settings.httpPort },
        socks5: { port: settings.socks5Port },
        clientConnection: { writeTimeoutSeconds: Math.max(1, Math.ceil(writeMs / 1_000)) },
      },
    },
    landbridge: {
      acceptConnectivityBindings: true,
      externalAddress: '127.0.0.1',
      serviceMappingsFile: settings.mappingsFile,
      health: { port: 0 },
      timeouts,
    },
  }) as ConnectivityProxyConfig
  return startConnectivityProxy({
    config,
    verifier,
    service: {
      url: `https://127.0.0.1:${port}`,
      ca: ca.certificatePem,
      token: async () => signToken(signing, { clientId, subaccountId: 'operator' }),
    },
    tls: { ...certificate, connectorCa: ca.certificatePem },
    clock,
    log,
  })
}

async function newProxyClient(service: RunningConnectivityService): Promise<string> {
  const operator = await service.registry.createSubaccount({ subdomain: `operator-${randomBytes(4).toString('hex')}` })
  return newBinding(service, operator.id, 'connectivity_proxy')
}

async function newBinding({ registry }: RunningConnectivityService, subaccountId: string, service: string) {
  const name = `i-${randomBytes(6).toString('hex')}`
  const instance = await registry.createInstance({ subaccountId, service, name })
  return (await registry.createBinding({ instanceId: instance.id, name: 'key' })).binding.clientId
}

async function newTenant(service: RunningConnectivityService): Promise<Tenant> {
  const subdomain = `t-${randomBytes(6).toString('hex')}`
  const { id: subaccountId } = await service.registry.createSubaccount({ subdomain })
  const user = `admin@${subdomain}.test`
  const password = randomBytes(12).toString('base64url')
  const roleCollections = ['Cloud Connector Administrator']
  await service.users.createUser({ subaccountId, userName: user, password, roleCollections })
  return { subaccountId, user, password, clientId: await newBinding(service, subaccountId, 'connectivity') }
}
