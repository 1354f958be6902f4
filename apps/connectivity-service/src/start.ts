import type { Server } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { createApi, listen } from '@landbridge/http-api'
import type { LocalCa, TokenVerifier } from '@landbridge/identity'
import type { Clock, Log, RunningApp, Secret } from '@landbridge/kernel'
import {
  type BindingCertificateIssuer,
  ConnectorHub,
  type InitDataSink,
  Pairing,
  Registry,
  TunnelBroker,
  UserAdministration,
} from '@landbridge/registry'
import type { Bus, RegistryStore } from '@landbridge/store'
import { tunnelAlpn } from '@landbridge/tunnel'
import type { FastifyInstance } from 'fastify'
import { type ConnectivityServiceConfig, certSigningHost, notificationHost } from './config.ts'
import { ControlSessions } from './control/control-sessions.ts'
import { addConnectorRoutes } from './operator/connector-routes.ts'
import { OperatorAccess } from './operator/operator-access.ts'
import { addServiceRoutes, type EndpointsOf } from './operator/service-routes.ts'
import { addSubaccountRoutes } from './operator/subaccount-routes.ts'
import { addUserRoutes } from './operator/user-routes.ts'
import { PeerCertificates } from './peer-certificate.ts'
import { addRegionRoutes, type TrustedIdp } from './region/region-routes.ts'
import { keepCertificateFresh, tlsOptions } from './server-certificate.ts'
import { TunnelCallers } from './tunnels/tunnel-caller.ts'
import { TunnelEvents } from './tunnels/tunnel-events.ts'
import { addTunnelRoutes } from './tunnels/tunnel-routes.ts'

export interface ConnectivityServiceOptions {
  readonly config: ConnectivityServiceConfig
  readonly registry: RegistryStore
  readonly verifier: TokenVerifier
  readonly ca: LocalCa
  /** Identity providers whose tokens connectors of the subaccount shall trust. */
  readonly trust: (subaccountId: string) => Promise<readonly TrustedIdp[]>
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Log
  /** Opens the operator endpoints to callers on this machine. */
  readonly operatorSecret?: Secret
  /** Addresses for the credentials of bindings; without it the operator endpoints show none. */
  readonly endpoints?: EndpointsOf
  /** Takes the `init_data` of destination instances. */
  readonly applyInitData?: InitDataSink
}

export interface RunningConnectivityService extends RunningApp {
  readonly port: number
  /** Names of the region endpoints, as they stand in the server certificate. */
  readonly notificationHost: string
  readonly certSigningHost: string
  /** The rules over the same store, for whoever sets up a landscape in this process. */
  readonly registry: Registry
  readonly users: UserAdministration
  /** Tells connected connectors to fetch the trust configuration again; all when no subaccount is given. */
  trustChanged(subaccountId?: string): void
}

/**
 * Starts the connectivity service: region endpoints, control sessions, tunnel broker and operator endpoints on one
 * TLS port.
 * @throws PlatformError PORT_IN_USE
 */
export async function startConnectivityService(
  options: ConnectivityServiceOptions,
): Promise<RunningConnectivityService> {
  const { config, clock, log, ca } = options
  const { connectors } = options.registry
  const host = config.host === 'localhost' ? '127.0.0.1' : config.host
  const names = [notificationHost(config), certSigningHost(config), 'localhost', '127.0.0.1', ...config.serverNames]
  const tls = await tlsOptions(ca, names)

  const hub = new ConnectorHub({
    repository: connectors,
    bus: options.bus,
    clock,
    log,
    renewMs: config.heartbeatMs,
    leaseMs: config.leaseMs,
  })
  const peers = new PeerCertificates(connectors, clock)
  const broker = new TunnelBroker({ repository: connectors, hub, clock, log })
  const events = new TunnelEvents({ connectors, hub, clock, log })
  const registry = new Registry({
    repository: options.registry,
    clock,
    issueBindingCertificate: bindingCertificates(ca),
    ...(options.applyInitData === undefined ? {} : { applyInitData: options.applyInitData }),
  })
  const users = new UserAdministration(options.registry, clock)
  const sessions = new ControlSessions({
    hub,
    peers,
    clock,
    log,
    heartbeatMs: config.heartbeatMs,
    helloTimeoutMs: config.helloTimeoutMs,
    maxSessions: config.maxControlSessions,
  })

  let isReady = false
  const api = createApi({
    log,
    https: { ...tls, ALPNProtocols: [tunnelAlpn, 'http/1.1'], handshakeTimeout: 10_000 },
    ready: () => isReady,
    quiet: ['/health/', '/isAlive'],
  })
  api.get('/isAlive', async () => ({ status: 'UP' }))
  addRegionRoutes(api, {
    config,
    pairing: new Pairing(options.registry, clock),
    connectors,
    peers,
    ca,
    trust: options.trust,
    clock,
    log,
  })
  addTunnelRoutes(api, { broker, callers: new TunnelCallers(options.verifier, options.registry), events })
  const access = new OperatorAccess(options.verifier, config.operatorClients, options.operatorSecret)
  await api.register(
    async (operator) => {
      operator.addHook('onRequest', (request) => access.assertOperator(request))
      addSubaccountRoutes(operator, { registry, hub })
      addServiceRoutes(operator, { registry, endpoints: options.endpoints })
      addConnectorRoutes(operator, { registry, connectors, hub, broker, clock })
      addUserRoutes(operator, { users, repository: options.registry })
    },
    { prefix: '/api/v1' },
  )
  divertControlSessions(api, sessions)
  const stopRenewal = keepCertificateFresh(api.server as Server, { ca, names, cert: tls.cert, clock, log })

  const port = await listen(api, host, config.port, 'connectivityService.port')
  isReady = true
  log.info('connectivity.started', { host, port, regionHost: config.regionHost, replicaId: hub.replicaId })

  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    isReady = false
    stopRenewal()
    events.close()
    await hub.close()
    await sessions.close()
    broker.close()
    await api.close()
  }
  return {
    name: 'connectivity-service',
    url: `https://localhost:${port}`,
    port,
    notificationHost: notificationHost(config),
    certSigningHost: certSigningHost(config),
    registry,
    users,
    trustChanged: (subaccountId) => hub.trustChanged(subaccountId),
    ready: () => isReady,
    close: () => (closing ??= close()),
  }
}

/** Connections that negotiated the tunnel protocol leave the HTTP server right after the handshake. */
function divertControlSessions(api: FastifyInstance, sessions: ControlSessions): void {
  const server = api.server as Server
  const serveHttp = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[]
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === tunnelAlpn) sessions.accept(socket)
    else for (const serve of serveHttp) serve.call(server, socket)
  })
}

function bindingCertificates(ca: LocalCa): BindingCertificateIssuer {
  return async ({ commonName, validityDays }) => {
    const { cert, key } = await ca.issueClient({
      // A common name holds 64 characters (RFC 5280 appendix A.1); the thumbprint is what identifies the client.
      subject: { CN: commonName.slice(0, 64), O: 'Landbridge', OU: 'service binding' },
      days: validityDays,
    })
    return { certificate: cert, key }
  }
}
