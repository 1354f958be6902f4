import type { Server } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { invalidClientCertificateBody } from '@landbridge/certificates'
import { createApi, keepCertificateFresh, listen, mutualTlsOptions } from '@landbridge/http-api'
import { type Closeable, isPlatformError, type Problem, type RunningApp } from '@landbridge/kernel'
import type { Registry, Subscriptions, UserAdministration } from '@landbridge/registry'
import { tunnelAlpn } from '@landbridge/tunnel'
import type { FastifyInstance } from 'fastify'
import { brokerErrorBody } from './broker/broker-error.ts'
import { isBrokerPath } from './broker/broker-routes.ts'
import { addRoutes, type ConnectivityServiceOptions, composeParts } from './compose.ts'
import { certSigningHost, notificationHost } from './config.ts'
import type { ControlSessions } from './control/control-sessions.ts'
import { startNotifications } from './notifications/start-notifications.ts'
import type { ProxyCertificate } from './tunnels/proxy-certificate.ts'

export interface RunningConnectivityService extends RunningApp {
  readonly port: number
  /** Names of the region endpoints, as they stand in the server certificate. */
  readonly notificationHost: string
  readonly certSigningHost: string
  /** The rules over the same store, for whoever sets up a landscape in this process. */
  readonly registry: Registry
  readonly subscriptions: Subscriptions
  readonly users: UserAdministration
  /** PEM of the certificate that it shows now. */
  serverCertificate(): string
  /** What the proxies that listen to this replica show to connectors. */
  proxyCertificates(): readonly ProxyCertificate[]
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
  const names = [notificationHost(config), certSigningHost(config), 'localhost', '127.0.0.1', ...config.serverNames]
  const tls = await mutualTlsOptions(ca, names)
  const parts = composeParts(options)
  const { hub, sessions, events, broker } = parts

  let isReady = false
  const api = createApi({
    log,
    https: { ...tls, ALPNProtocols: [tunnelAlpn, 'http/1.1'], handshakeTimeout: 10_000 },
    errorBody,
    ready: () => isReady,
    quiet: ['/health/', '/isAlive'],
  })
  await addRoutes(api, options, parts)
  divertControlSessions(api, sessions)
  const fresh = keepCertificateFresh(api.server as Server, { ca, names, cert: tls.cert, clock, log })

  let notifications: Closeable | undefined
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    isReady = false
    fresh.stop()
    await notifications?.close()
    events.close()
    await hub.close()
    await sessions.close()
    broker.close()
    await api.close()
    await parts.applications?.close()
  }
  let port: number
  try {
    notifications = runNotifications(options)
    await hub.joined()
    port = await listen(api, config.host, config.port, 'connectivityService.port')
  } catch (failure) {
    await close()
    throw failure
  }
  isReady = true
  log.info('connectivity.started', { port, regionHost: config.regionHost, replicaId: hub.replicaId })
  return {
    name: 'connectivity-service',
    url: `https://localhost:${port}`,
    port,
    notificationHost: notificationHost(config),
    certSigningHost: certSigningHost(config),
    registry: parts.registry,
    subscriptions: parts.subscriptions,
    users: parts.users,
    serverCertificate: () => fresh.certificate,
    proxyCertificates: () => events.proxyCertificates(),
    trustChanged: (subaccountId) => hub.trustChanged(subaccountId),
    ready: () => isReady,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** Problem documents, but for unknown client certificates the body that is the same at every service. */
function errorBody(problem: Problem, thrown: unknown, path: string): { contentType: string; body: unknown } {
  // What is refused before there is a route has no scope that knows its error body.
  if (isBrokerPath(path)) return brokerErrorBody(problem)
  return isPlatformError(thrown, 'CLIENT_CERTIFICATE_REFUSED')
    ? { contentType: 'application/json; charset=utf-8', body: invalidClientCertificateBody }
    : { contentType: 'application/problem+json', body: problem }
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

function runNotifications({ notifications, registry, ca, clock, log }: ConnectivityServiceOptions) {
  if (notifications === undefined) return undefined
  return startNotifications({ ...notifications, registry, ca: ca.certificatePem, clock, log })
}
