import { lookup } from 'node:dns/promises'
import {
  type AccessRecord,
  CertificateRenewal,
  ChannelService,
  type ConfigurationStore,
  type ConnectorRuntime,
  type ConnectorSettings,
  HighAvailability,
  SubaccountService,
} from '@landbridge/connector'
import { createApi } from '@landbridge/http-api'
import type { Clock, Log, RunningApp, Secret } from '@landbridge/kernel'
import { ConnectorStore, type ConnectorTables, ConnectorUsageStore, type Store } from '@landbridge/store'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { AccessRecorder } from './access-recorder.ts'
import { AdministrationServer } from './administration-server.ts'
import { AuditFiles } from './audit/audit-files.ts'
import { acceptRawBodies } from './body/read-body.ts'
import { Bootstrap } from './bootstrap.ts'
import { usableSuites } from './cipher-suites.ts'
import { servedSuites } from './cipher-table.ts'
import type { CloudConnectorConfig } from './config.ts'
import { firstSettings } from './first-settings.ts'
import { type Gate, guard } from './login/gatekeeper.ts'
import { PasswordCheck } from './login/password-check.ts'
import { Sessions } from './login/sessions.ts'
import { startPage } from './page.ts'
import { RoleTunnels } from './role-tunnels.ts'
import { auditLevelRoutes } from './routes/audit-level-routes.ts'
import { authenticationRoutes } from './routes/authentication-routes.ts'
import { availabilityRoutes } from './routes/availability-routes.ts'
import { backupRoutes } from './routes/backup-routes.ts'
import { certificateListRoutes } from './routes/certificate-list-routes.ts'
import { channelRoutes } from './routes/channel-routes.ts'
import { cipherSuiteRoutes } from './routes/cipher-suite-routes.ts'
import { connectorRoutes } from './routes/connector-routes.ts'
import type { ApiContext } from './routes/context.ts'
import { domainMappingRoutes } from './routes/domain-mapping-routes.ts'
import { highAvailabilityRoutes } from './routes/high-availability-routes.ts'
import { hostMonitoringRoutes, probeRoutes } from './routes/host-monitoring-routes.ts'
import { kerberosRoutes } from './routes/kerberos-routes.ts'
import { landbridgeRoutes } from './routes/landbridge-routes.ts'
import { ldapRoutes } from './routes/ldap-routes.ts'
import { mappingRoutes } from './routes/mapping-routes.ts'
import { monitoringRoutes } from './routes/monitoring-routes.ts'
import { overviewRoutes } from './routes/overview-routes.ts'
import { ownCertificateRoutes } from './routes/own-certificate-routes.ts'
import { peerRoutes } from './routes/peer-routes.ts'
import { propagationRoutes } from './routes/propagation-routes.ts'
import { proxyRoutes } from './routes/proxy-routes.ts'
import { regionListRoutes } from './routes/region-list-routes.ts'
import { resourceRoutes } from './routes/resource-routes.ts'
import { rfcListRoutes } from './routes/rfc-list-routes.ts'
import { scenarioRoutes } from './routes/scenario-routes.ts'
import { sncRoutes } from './routes/snc-routes.ts'
import { solutionManagementRoutes } from './routes/solution-management-routes.ts'
import { subaccountHealthRoute } from './routes/subaccount-health.ts'
import { subaccountRoutes } from './routes/subaccount-routes.ts'
import { subjectRuleRoutes } from './routes/subject-rule-routes.ts'
import { traceRoutes } from './routes/trace-routes.ts'
import { trafficRoutes } from './routes/traffic-routes.ts'
import { transferRoutes } from './routes/transfer-routes.ts'
import { trustedApplicationRoutes } from './routes/trusted-application-routes.ts'
import { truststoreRoutes } from './routes/truststore-routes.ts'
import { tunnelLimitRoutes } from './routes/tunnel-limit-routes.ts'
import { PayloadTraces } from './trace/payload-traces.ts'
import { uiCertificate } from './ui-certificate.ts'
import { UsageKeeper } from './usage-keeper.ts'
import { connectorVersion } from './version.ts'
import { errorBody } from './wire/error-body.ts'

export interface CloudConnectorOptions {
  readonly config: CloudConnectorConfig
  /** The connector's own database, opened with `connectorMigrations`. Stays open on close: its opener closes it. */
  readonly store: Store<ConnectorTables>
  /** Closed with the application. */
  readonly runtime: ConnectorRuntime
  /** Folder for payload traces and audit files; without it there are none. */
  readonly logDirectory?: string
  /** Folder in which the owner of the machine may forbid payload traces. */
  readonly configDirectory?: string
  readonly clock: Clock
  readonly log: Log
  /** Lets whoever has it ask how the subaccounts do; without it nobody can. */
  readonly statusToken?: Secret
  /** Port of a service of this machine, such as `sapmsERP` (the services file). Absent: none is known. */
  readonly servicePort?: (name: string) => number | undefined
}

/** A running connector, with what its runtime reports to. */
export interface CloudConnector extends RunningApp {
  /** PEM of the authority of the administration port, for clients to trust. */
  readonly uiCa: string
  /** Resolves when `ready` is true for the first time. */
  whenReady(): Promise<void>
  /** The cloud says that trusted issuers changed; synchronises them if the administrator wants that. */
  trustChanged(subaccountId: string, regionHost: string): void
  /** A request or connection was refused, or let through at audit level `All`; it goes to the audit trail. */
  recordAccess(access: AccessRecord): void
}

const trustPeriodMs = 3_600_000
const uiCertificatePeriodMs = 86_400_000

/**
 * Starts the on-premise agent: configuration, administration API and the wanted state of its tunnels.
 * @throws PlatformError PORT_IN_USE, STORE_*
 */
export async function startCloudConnector(options: CloudConnectorOptions): Promise<CloudConnector> {
  const { config, clock, log, runtime, logDirectory } = options
  // A password hash is slow on purpose; an existing installation has one.
  const hash = (await ConnectorStore.isNew(options.store)) ? undefined : async () => ''
  const store = await ConnectorStore.open(options.store, await firstSettings(config, hash))
  if (config.useLocalUser) await forgetDirectory(store)
  await uiCertificate(store, clock, config.dnsNames)
  const regions = new Map(Object.entries(config.regions).map(([host, override]) => [host.toLowerCase(), override]))
  const subaccounts = new SubaccountService({
    store,
    runtime,
    clock,
    log,
    regions,
    regionTimeoutMs: config.regionTimeoutMs,
    tunnelTimeoutMs: config.tunnelTimeoutMs,
  })
  const renewal = new CertificateRenewal({ store, subaccounts, clock, log })
  const settleTimeoutMs = config.tunnelTimeoutMs
  const channels = new ChannelService({ store, runtime, clock, log, settleTimeoutMs })
  const tunnels = new RoleTunnels(store, runtime, regions, config.reportCertificates)
  const pair = new HighAvailability({
    store,
    clock,
    log,
    version: connectorVersion,
    ownPort: () => server.port,
    tunnels,
    tunnelTimeoutMs: config.tunnelTimeoutMs,
    resolve: addressesOf,
  })
  const bootstrap = new Bootstrap(store, subaccounts, clock, log)
  const recorder = new AccessRecorder(store, clock, log)
  const auditFiles = logDirectory === undefined ? null : new AuditFiles({ trail: store, logDirectory, clock, log })
  const { configDirectory } = options
  const traces = new PayloadTraces({ store, trail: store, runtime, logDirectory, configDirectory, clock, log })
  let { suites } = usableSuites()
  const suitesInUse = (): readonly string[] => suites
  const usage = await UsageKeeper.open({ store, usage: new ConnectorUsageStore(options.store), runtime, clock, log })
  const server = new AdministrationServer({
    host: config.host,
    port: config.port,
    clock,
    log,
    build() {
      const served = servedSuites(store.current.settings)
      suites = served.suites
      const { unsupported, isFallback } = served
      if (unsupported.length > 0) log.error('cipher-suites.unsupported', { unsupported })
      if (isFallback) log.error('cipher-suites.no-chosen-one-serves-the-certificate')
      const https = tlsOptions(store.current.settings, config)
      const gate = {
        config,
        store,
        passwords: new PasswordCheck(clock),
        sessions: new Sessions(clock, config.sessionIdleMs),
      }
      const ready = (): boolean => bootstrap.isDone
      const api = createApi({ log, clock, https, errorBody, ready, quiet: ['/health'] })
      const restartAfter = (reply: FastifyReply): void => void reply.raw.once('close', () => server.restart())
      const forgetTraffic = (): void => usage.forget()
      // Whoever waits for news would keep the server from closing.
      api.addHook('preClose', async () => pair.master.endWait())
      const { servicePort } = options
      const services = servicePort === undefined ? {} : { servicePort }
      const context = {
        config,
        store,
        trail: store,
        subaccounts,
        channels,
        runtime,
        pair,
        traces,
        logDirectory,
        clock,
        log,
        suitesInUse,
        restartAfter,
        forgetTraffic,
        ...services,
      }
      addOperations(api, context, gate)
      const { statusToken } = options
      if (statusToken !== undefined) subaccountHealthRoute(api, context, statusToken)
      return api
    },
  })
  await server.start()
  const { port } = server
  let certificate = store.current.settings.uiCertificate
  const stopSecuring = store.onChange(({ settings }) => {
    if (settings.uiCertificate === certificate) return
    certificate = settings.uiCertificate
    server.secure(tlsOptions(settings, config))
    suites = servedSuites(settings).suites
  })

  const stopApplying = store.onChange(() => tunnels.apply())
  await pair.start()
  tunnels.apply()
  usage.look()
  const synchronise = (subaccountId: string, regionHost: string): void => {
    subaccounts.synchroniseTrust('system', { subaccountId, regionHost }).catch((failure: unknown) => {
      log.warn('trust.failed', { subaccountId, regionHost }, failure)
    })
  }
  const stopPeriod = clock.every(trustPeriodMs, () => forEachAutomatic(store, synchronise))
  const stopUiRenewal = clock.every(uiCertificatePeriodMs, () => {
    uiCertificate(store, clock, config.dnsNames).catch((failure: unknown) => {
      log.error('ui-certificate.renewal-failed', {}, failure)
    })
  })
  if (config.bootstrap !== undefined && store.current.settings.haRole !== 'shadow')
    await bootstrap.apply(config.bootstrap)
  void renewal.look()
  log.info('cloud-connector.started', { host: config.host, port })

  return {
    name: 'cloud-connector',
    url: `https://${urlHost(config.host)}:${port}`,
    get uiCa() {
      const chain = store.current.settings.uiCertificate?.cert ?? ''
      return chain.slice(chain.lastIndexOf('-----BEGIN CERTIFICATE-----'))
    },
    ready: () => bootstrap.isDone,
    whenReady: () => bootstrap.done(),
    trustChanged(subaccountId, regionHost) {
      forEachAutomatic(store, (id, host) => {
        if (id === subaccountId && host === regionHost) synchronise(id, host)
      })
    },
    recordAccess: (access) => recorder.record(access),
    async close() {
      bootstrap.close()
      pair.close()
      stopPeriod()
      stopUiRenewal()
      await renewal.close()
      stopApplying()
      stopSecuring()
      await server.close()
      traces.close()
      await usage.close()
      await runtime.close()
      await recorder.close()
      await auditFiles?.close()
    },
  }
}

/** The way back for whoever is locked out (guide L28343). */
async function forgetDirectory(store: ConnectorStore): Promise<void> {
  if (store.current.settings.ldap === undefined) return
  await store.change('system', (current) => {
    const { ldap, ...settings } = current.settings
    return {
      next: { ...current, settings },
      audit: { category: 'LDAPConfiguration', action: 'update', object: 'authentication', details: { enabled: false } },
      result: undefined,
    }
  })
}

/** What the administration port is served with. */
function tlsOptions(settings: ConnectorSettings, { clientCertificates }: CloudConnectorConfig) {
  const { uiCertificate: certificate } = settings
  return {
    key: certificate?.key.reveal() ?? '',
    cert: certificate?.cert ?? '',
    minVersion: 'TLSv1.2',
    ciphers: servedSuites(settings).ciphers,
    // Without parameters the runtime would leave suites of DHE out, also where no other is chosen.
    dhparam: 'auto',
    // Whoever shows no certificate, or a foreign one, may log in with a password.
    ...(clientCertificates === undefined
      ? {}
      : { requestCert: true, rejectUnauthorized: false, ca: clientCertificates.ca }),
  }
}

/** Every operation of the administration port. */
export function addOperations(api: FastifyInstance, context: ApiContext, gate: Gate): void {
  acceptRawBodies(api)
  guard(api, gate)
  api.get('/', (_request, reply) => reply.header('content-type', 'text/html; charset=utf-8').send(startPage))
  connectorRoutes(api, context)
  authenticationRoutes(api, context, gate.passwords)
  ldapRoutes(api, context)
  proxyRoutes(api, context)
  truststoreRoutes(api, context)
  ownCertificateRoutes(api, context)
  propagationRoutes(api, context)
  kerberosRoutes(api, context)
  sncRoutes(api, context)
  subjectRuleRoutes(api, context)
  subaccountRoutes(api, context)
  mappingRoutes(api, context)
  resourceRoutes(api, context)
  scenarioRoutes(api, context)
  domainMappingRoutes(api, context)
  transferRoutes(api, context)
  availabilityRoutes(api, context)
  rfcListRoutes(api, context)
  channelRoutes(api, context)
  cipherSuiteRoutes(api, context)
  backupRoutes(api, context)
  highAvailabilityRoutes(api, context)
  peerRoutes(api, context)
  solutionManagementRoutes(api, context)
  auditLevelRoutes(api, context)
  tunnelLimitRoutes(api, context)
  trustedApplicationRoutes(api, context)
  monitoringRoutes(api, context)
  hostMonitoringRoutes(api, context)
  trafficRoutes(api, context)
  probeRoutes(api, context)
  landbridgeRoutes(api, context, gate)
  traceRoutes(api, context)
  overviewRoutes(api, context)
  regionListRoutes(api, context)
  certificateListRoutes(api, context)
}

function forEachAutomatic(
  { current }: ConfigurationStore,
  run: (subaccountId: string, regionHost: string) => void,
): void {
  // A shadow gets them from its master.
  if (current.settings.haRole === 'shadow') return
  for (const { autoSyncTrust, connected, subaccountId, regionHost } of current.subaccounts.values())
    if (autoSyncTrust && connected) run(subaccountId, regionHost)
}

/** None where the name is unknown. */
async function addressesOf(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true }).catch(() => [])
  return found.map(({ address }) => address)
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
