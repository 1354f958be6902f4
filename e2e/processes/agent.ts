// The Cloud Connector as a process: pairing client and runtime, with a fixed access control. Pairs once and keeps the
// result, as the real one does.
import { randomUUID, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { compileAccess, type SystemMapping } from '@landbridge/access'
import {
  type ConnectorRuntime,
  createRuntime,
  type HttpsProxy,
  pairSubaccount,
  type RegionAccess,
  renewWithCertificate,
} from '@landbridge/connector'
import { createLog, Secret, systemClock } from '@landbridge/kernel'
import { serveCommands } from './commands.ts'
import type { AgentSettings, Mapping, PairedState } from './settings.ts'

const regionHost = 'landbridge.localhost'
const address = '127.0.0.1'
const log = createLog((level, event, facts) => process.stderr.write(`${level} ${event} ${JSON.stringify(facts)}\n`))

serveCommands<AgentSettings>(async (settings) => {
  const { responseMs, connectMs, heartbeatMs } = settings
  const runtime = createRuntime({
    clock: systemClock,
    log,
    heartbeatMs,
    timeouts: { responseMs, connectMs, idleMs: 30_000 },
  })
  let paired = await pairing(settings)
  apply(runtime, settings, paired)
  /** Gets the next certificate as a connector does by itself, and returns its fingerprint. */
  const renew = async (): Promise<string> => {
    const { subaccountId } = settings.tenant
    const privateKey = new Secret(paired.privateKey)
    const next = await renewWithCertificate(regionOf(settings), { ...paired, subaccountId, privateKey })
    paired = { ...paired, certificate: next.certificate, privateKey: next.privateKey.reveal() }
    writeFileSync(settings.stateFile, JSON.stringify(paired), { mode: 0o600 })
    apply(runtime, settings, paired)
    return new X509Certificate(next.certificate).fingerprint256.replaceAll(':', '').toLowerCase()
  }
  return {
    ready: paired.connectorId,
    commands: {
      renew,
      status: () => runtime.status(settings.tenant.subaccountId, regionHost),
      channel: (id: number) => runtime.channelStatus(settings.tenant.subaccountId, regionHost, id),
    },
  }
})

async function pairing(settings: AgentSettings): Promise<PairedState> {
  if (existsSync(settings.stateFile)) return JSON.parse(readFileSync(settings.stateFile, 'utf8')) as PairedState
  const connectorId = randomUUID()
  const { tenant, locationId } = settings
  const paired = await pairSubaccount(
    regionOf(settings),
    { user: tenant.user, password: new Secret(tenant.password) },
    { subaccountId: tenant.subaccountId, locationId, connectorId, description: '' },
  )
  const { notificationHost, port } = paired.endpoint
  const { certificate } = paired
  const state = { connectorId, notificationHost, port, certificate, privateKey: paired.privateKey.reveal() }
  writeFileSync(settings.stateFile, JSON.stringify(state), { mode: 0o600 })
  return state
}

function regionOf(settings: AgentSettings): RegionAccess {
  const { servicePort: port, ca } = settings
  return { regionHost, override: { address, port, ca }, timeoutMs: 40_000, ...proxyOf(settings) }
}

function apply(runtime: ConnectorRuntime, settings: AgentSettings, paired: PairedState): void {
  const { tenant, locationId, loadSharing, ca } = settings
  const { notificationHost, port, certificate } = paired
  runtime.apply({
    installationId: paired.connectorId,
    version: '0.1.0',
    description: '',
    ...proxyOf(settings),
    trust: { trustAllBackends: false, certificates: [] },
    subaccounts: [
      {
        subaccountId: tenant.subaccountId,
        regionHost,
        locationId,
        description: '',
        connected: true,
        loadSharing,
        tunnelConnections: 1,
        endpoint: { notificationHost, address, port, ca },
        certificate,
        privateKey: new Secret(paired.privateKey),
        access: compileAccess(settings.mappings.map(toMapping)),
        domainMappings: [],
        trustedIssuers: [],
        channels: settings.channels,
      },
    ],
  })
}

function proxyOf({ httpsProxy }: AgentSettings): { httpsProxy?: HttpsProxy } {
  if (httpsProxy === undefined) return {}
  const { port, user, password } = httpsProxy
  return {
    httpsProxy: {
      host: address,
      port,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password: new Secret(password) }),
    },
  }
}

function toMapping({ virtualHost, virtualPort, port, protocol }: Mapping): SystemMapping {
  const everything = { id: '/', enabled: true, exactMatchOnly: false, websocketUpgradeAllowed: false, createdAtMs: 0 }
  return {
    virtualHost,
    virtualPort: String(virtualPort),
    internalHost: address,
    internalPort: String(port),
    protocol,
    backendType: 'nonSAPsys',
    authenticationMode: 'NONE',
    hostInHeader: 'virtual',
    allowedClients: [],
    blockedUsers: [],
    createdAtMs: 0,
    resources: protocol === 'HTTP' ? [everything] : [],
  }
}
