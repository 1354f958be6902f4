import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import { BackendPool, type BackendTimeouts, defaultBackendTimeouts } from './backend/backend-pool.ts'
import type { BackendSecurity } from './backend/secure-contexts.ts'
import { noChannel } from './channels/channel-spec.ts'
import { SubaccountChannels } from './channels/subaccount-channels.ts'
import type { AuditLevel } from './configuration/audit-level.ts'
import { toldDescription } from './configuration/description.ts'
import { CertificateNews } from './link/certificate-news.ts'
import type { ConnectorAbout } from './link/control-link.ts'
import { SubaccountLink } from './link/subaccount-link.ts'
import type { KerberosTickets } from './propagation/kerberos.ts'
import { Propagator } from './propagation/propagator.ts'
import { SubaccountPropagation } from './propagation/subaccount-propagation.ts'
import { defaultRfcSettings, type RfcSettings } from './rfc/rfc-settings.ts'
import type { ConnectorRuntime, ConnectorSnapshot, SubaccountRuntime, TunnelStatus } from './runtime-port.ts'
import { StreamAcceptor } from './stream-acceptor.ts'
import type { AccessRecord, DeniedAccess, SubaccountContext } from './subaccount-context.ts'
import { type AcceptorSlot, TracedAcceptor } from './trace/traced-acceptor.ts'
import { backendConnections } from './traffic/backend-connections.ts'
import { SubaccountTraffic } from './traffic/index.ts'

export interface RuntimeOptions {
  readonly clock: Clock
  readonly log: Log
  readonly timeouts?: BackendTimeouts
  /** Silence after which a session to the cloud is tested; twice that, and it counts as dead. */
  readonly heartbeatMs?: number
  /** Address of the local ports of service channels; default 127.0.0.1. */
  readonly channelBindAddress?: string
  /** How RFC is treated; the defaults if absent. */
  readonly rfc?: RfcSettings
  /** Audit of refused requests and connections. */
  readonly denied?: (access: DeniedAccess) => void
  /** Gets tickets for users; absent: none of them can be propagated by Kerberos. */
  readonly tickets?: KerberosTickets
  /** Audit of those that were let through, where the level asks for it. */
  readonly allowed?: (access: AccessRecord) => void
  /** Milliseconds that never jump, for durations; the process's own if absent. */
  readonly monotonicMs?: () => number
  /** The cloud's trust list changed: synchronise it. */
  readonly trustChanged?: (subaccountId: string, regionHost: string) => void
}

interface Running {
  readonly context: SubaccountContext
  readonly propagation: SubaccountPropagation
  readonly channels: SubaccountChannels
  /** Shared by all links of the subaccount. */
  readonly acceptor: AcceptorSlot
  /** What the link was made from; another value means another link. Secret: never log it. */
  readonly identity: string
  /** The same without certificate and number of connections: where this stays, the new link takes over before the old one goes. */
  readonly place: string
  subaccount: SubaccountRuntime
  link: SubaccountLink | null
  /** Links with earlier certificates, which serve until `link` stands. */
  readonly former: SubaccountLink[]
}

/** Well below the 120 seconds after which ingresses cut silent connections (guide L33734). */
const defaultHeartbeatMs = 10_000

const trafficSampleMs = 60_000

const offline: TunnelStatus = { state: 'Disconnected', connectedSinceMs: 0, connections: 0, applicationConnections: [] }

/** Brings tunnels, access tables and backend connections in line with the configuration. */
export function createRuntime(options: RuntimeOptions): ConnectorRuntime {
  const running = new Map<string, Running>()
  const news = new CertificateNews()
  const propagator = new Propagator(options.clock, options.log, options.tickets ?? null)

  const stopSampling = options.clock.every(trafficSampleMs, () => {
    for (const { context } of running.values()) context.traffic?.sample()
  })

  const start = (subaccount: SubaccountRuntime, snapshot: ConnectorSnapshot): Running => {
    const propagation = new SubaccountPropagation(propagator, subaccount.subaccountId, subaccount.regionHost)
    const context: SubaccountContext = {
      subaccountId: subaccount.subaccountId,
      access: subaccount.access,
      domainMappings: subaccount.domainMappings,
      backends: new BackendPool(options.clock, security(snapshot), options.timeouts ?? defaultBackendTimeouts),
      propagate: propagation.decide,
      verifyUser: propagation.verify,
      rfc: options.rfc ?? defaultRfcSettings,
      log: options.log,
      traffic: new SubaccountTraffic(options.clock, options.monotonicMs),
      denied: options.denied ?? (() => {}),
    }
    const { clock, log, channelBindAddress: bindAddress = '127.0.0.1' } = options
    const { subaccountId, regionHost } = subaccount
    const channelLog = log.with({ subaccount: subaccountId, regionHost })
    const channels = new SubaccountChannels({ bindAddress, clock, log: channelLog })
    const [identity, place] = [linkIdentity(subaccount, snapshot), linkPlace(subaccount, snapshot)]
    const acceptor = { current: new StreamAcceptor(context, options.timeouts ?? defaultBackendTimeouts) }
    return { context, propagation, channels, acceptor, identity, place, subaccount, link: null, former: [] }
  }

  const connect = (entry: Running, snapshot: ConnectorSnapshot): void => {
    const { subaccount, acceptor } = entry
    entry.link = new SubaccountLink(
      { ...subaccount, description: shownDescription(subaccount, snapshot) },
      {
        connectorId: snapshot.installationId,
        version: snapshot.version,
        about: aboutOf(snapshot),
        httpsProxy: snapshot.httpsProxy,
        acceptor,
        heartbeatMs: options.heartbeatMs ?? defaultHeartbeatMs,
        clock: options.clock,
        log: options.log,
        sessionGone: (session) => entry.context.backends.clients.sessionGone(session),
        trustChanged: () => options.trustChanged?.(subaccount.subaccountId, subaccount.regionHost),
        connected: () => tookOver(keyOf(subaccount)),
      },
    )
  }

  /** The newest link stands: what served in the meantime ends as soon as its open requests are done. */
  const tookOver = (key: string): void => {
    const entry = running.get(key)
    if (entry === undefined) return
    if (news.message !== undefined) entry.link?.tell(news.message)
    const former = entry.former.splice(0)
    if (former.length > 0) entry.channels.apply(entry.subaccount.channels ?? [], entry.link)
    for (const link of former) link.drain()
    entry.channels.connected()
  }

  const leave = (entry: Running): void => {
    for (const link of [...entry.former.splice(0), entry.link]) link?.close()
    entry.link = null
  }

  const stop = (entry: Running): void => {
    entry.channels.close()
    leave(entry)
    entry.context.backends.close()
  }

  return {
    apply(snapshot) {
      propagator.configure(snapshot.propagation)
      const wanted = new Set(snapshot.subaccounts.map(keyOf))
      for (const [key, entry] of running)
        if (!wanted.has(key)) {
          stop(entry)
          running.delete(key)
        }
      for (const subaccount of snapshot.subaccounts) {
        const key = keyOf(subaccount)
        const identity = linkIdentity(subaccount, snapshot)
        let entry = running.get(key)
        if (entry === undefined) {
          entry = start(subaccount, snapshot)
          running.set(key, entry)
        } else if (entry.identity !== identity) {
          // Another certificate, location or way out: the tunnels are made anew, the backends stay.
          const place = linkPlace(subaccount, snapshot)
          if (entry.link !== null) entry.former.push(entry.link)
          if (place === entry.place) for (const link of entry.former) link.supersede()
          else for (const link of entry.former.splice(0)) link.drain()
          entry = { ...entry, identity, place, subaccount, link: null }
          running.set(key, entry)
        }
        entry.subaccount = subaccount
        entry.context.access = subaccount.access
        entry.context.domainMappings = subaccount.domainMappings
        const { trustedApplications = [] } = subaccount
        entry.context.applications = trustedApplications.length === 0 ? null : new Set(trustedApplications)
        entry.context.snc = snapshot.snc
        setAudit(entry.context, subaccount.auditLevel, options)
        entry.propagation.configure(subaccount.trustedIssuers)
        if (!sameSecurity(entry.context.backends.security, snapshot)) entry.context.backends.secure(security(snapshot))
        if (subaccount.connected && entry.link === null) connect(entry, snapshot)
        else entry.link?.describe(aboutOf(snapshot))
        if (!subaccount.connected) leave(entry)
        entry.channels.apply(subaccount.channels ?? [], entry.former.at(-1) ?? entry.link)
      }
      const changed = news.changed(snapshot.ownCertificates)
      if (changed !== undefined) for (const { link } of running.values()) link?.tell(changed)
    },
    status: (subaccountId, regionHost) => running.get(`${subaccountId}@${regionHost}`)?.link?.status() ?? offline,
    trace(subaccountId, regionHost, trace) {
      const slot = running.get(`${subaccountId}@${regionHost}`)?.acceptor
      if (slot === undefined) return
      if (slot.current instanceof TracedAcceptor) slot.current = slot.current.stop()
      if (trace !== null) slot.current = new TracedAcceptor(slot.current, trace, options.clock)
    },
    traffic: (subaccountId, regionHost) => running.get(`${subaccountId}@${regionHost}`)?.context.traffic,
    backendConnections(subaccountId, regionHost) {
      const context = running.get(`${subaccountId}@${regionHost}`)?.context
      return context === undefined ? [] : backendConnections(context)
    },
    async openChannel(subaccountId, regionHost, channel) {
      const entry = running.get(`${subaccountId}@${regionHost}`)
      if (entry === undefined) throw new PlatformError('CHANNEL_CLOUD_AWAY')
      await entry.channels.open(channel)
    },
    async availableServices(subaccountId, regionHost, kind) {
      const link = running.get(`${subaccountId}@${regionHost}`)?.link
      if (link === undefined || link === null) throw new PlatformError('CHANNEL_CLOUD_AWAY')
      return link.availableServices(kind)
    },
    abandonChannel: (subaccountId, regionHost, id) =>
      running.get(`${subaccountId}@${regionHost}`)?.channels.abandon(id),
    channelStatus: (subaccountId, regionHost, id) =>
      running.get(`${subaccountId}@${regionHost}`)?.channels.status(id) ?? noChannel,
    channelSettled: async (subaccountId, regionHost, id) =>
      running.get(`${subaccountId}@${regionHost}`)?.channels.settled(id),
    async close() {
      stopSampling()
      for (const entry of running.values()) stop(entry)
      running.clear()
    },
  }
}

function setAudit(
  context: SubaccountContext,
  level: AuditLevel | undefined,
  { denied, allowed }: RuntimeOptions,
): void {
  context.denied = level === 'Off' || denied === undefined ? () => {} : denied
  context.allowed = level === 'All' ? (allowed ?? null) : null
}

/** What the cloud side shows with the connector (guide L18895): that of the subaccount, or else of the connector. */
function shownDescription(subaccount: SubaccountRuntime, snapshot: ConnectorSnapshot): string {
  return subaccount.description || snapshot.description
}

function aboutOf({ description, haRole = '' }: ConnectorSnapshot): ConnectorAbout {
  return { connectorDescription: toldDescription(description), haRole }
}

function keyOf(subaccount: SubaccountRuntime): string {
  return `${subaccount.subaccountId}@${subaccount.regionHost}`
}

function security(snapshot: ConnectorSnapshot): BackendSecurity {
  const { trust, systemCertificate } = snapshot
  return systemCertificate === undefined ? { trust } : { trust, systemCertificate }
}

function sameSecurity(current: BackendSecurity, snapshot: ConnectorSnapshot): boolean {
  return (
    current.trust.trustAllBackends === snapshot.trust.trustAllBackends &&
    current.trust.certificates.join('') === snapshot.trust.certificates.join('') &&
    current.systemCertificate?.cert === snapshot.systemCertificate?.cert
  )
}

function linkIdentity(subaccount: SubaccountRuntime, snapshot: ConnectorSnapshot): string {
  const { certificate, tunnelConnections, connectionLimits = [], bindsClients = false } = subaccount
  const tunnels = JSON.stringify([tunnelConnections, connectionLimits, bindsClients])
  return `${certificate}\n${linkPlace(subaccount, snapshot)}\n${tunnels}`
}

function linkPlace(subaccount: SubaccountRuntime, snapshot: ConnectorSnapshot): string {
  const { endpoint, httpsProxy } = { endpoint: subaccount.endpoint, httpsProxy: snapshot.httpsProxy }
  return JSON.stringify([
    snapshot.installationId,
    subaccount.locationId,
    shownDescription(subaccount, snapshot),
    subaccount.loadSharing,
    endpoint,
    httpsProxy?.host,
    httpsProxy?.port,
    httpsProxy?.user,
    httpsProxy?.password?.reveal(),
  ])
}
