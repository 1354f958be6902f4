import {
  ClientCertificates,
  MappingAdministration,
  type MappingRepository,
  type TenantCertificates,
} from '@landbridge/certificates'
import type { ClientOf, LocalCa, TokenVerifier } from '@landbridge/identity'
import type { Clock, Log, Secret } from '@landbridge/kernel'
import type { NotificationStore } from '@landbridge/notifications'
import {
  type BindingCertificateIssuer,
  ConnectorHub,
  type ContentRemoval,
  type InitDataSink,
  Pairing,
  type PairingCodes,
  Registry,
  ServiceBroker,
  Subscriptions,
  TunnelBroker,
  UserAdministration,
} from '@landbridge/registry'
import type { Bus, RegistryStore } from '@landbridge/store'
import type { FastifyInstance } from 'fastify'
import type { BrokerUser } from './broker/broker-access.ts'
import { addBrokerRoutes } from './broker/broker-routes.ts'
import type { ConnectivityServiceConfig } from './config.ts'
import { ControlSessions } from './control/control-sessions.ts'
import { Diagnoser, type DiagnoserOptions } from './diagnosis/diagnoser.ts'
import type { NotificationsConfig } from './notifications/config.ts'
import { addAuthenticationDataRoute } from './operator/authentication-data-route.ts'
import { addCertificateMetrics } from './operator/certificate-metrics.ts'
import { addCertificateRoutes, type CertificateRoutesOptions } from './operator/certificate-routes.ts'
import { addConnectorRoutes } from './operator/connector-routes.ts'
import { addDiagnosisRoutes } from './operator/diagnosis-routes.ts'
import { addCommunicationUserRoutes, addMappingRoutes, addTrustedIssuerRoutes } from './operator/mapping-routes.ts'
import { addNotificationRoutes } from './operator/notification-routes.ts'
import { OperatorAccess } from './operator/operator-access.ts'
import { addRecipientRoutes } from './operator/recipient-routes.ts'
import { addServiceRoutes, type EndpointsOf } from './operator/service-routes.ts'
import { addSubaccountRoutes } from './operator/subaccount-routes.ts'
import { addSubscriptionRoutes } from './operator/subscription-routes.ts'
import { addTenantCertificateRoutes } from './operator/tenant-certificate-routes.ts'
import { addUserRoutes } from './operator/user-routes.ts'
import { PeerCertificates } from './peer-certificate.ts'
import { ApplicationCaller, type CallbackToken } from './provisioning/call-application.ts'
import type { ConnectorCertificateReplaced } from './region/issue-connector-certificate.ts'
import { addRegionRoutes, type TrustedIdp } from './region/region-routes.ts'
import { TunnelCallers } from './tunnels/tunnel-caller.ts'
import { TunnelEvents } from './tunnels/tunnel-events.ts'
import { addTunnelRoutes } from './tunnels/tunnel-routes.ts'

export interface ConnectivityServiceOptions {
  readonly config: ConnectivityServiceConfig
  readonly registry: RegistryStore
  readonly verifier: TokenVerifier
  /** The client that a token was issued to. Default: the binding with the client ID of the token. */
  readonly clientOf?: ClientOf
  readonly ca: LocalCa
  /** Identity providers whose tokens connectors of the subaccount shall trust. */
  readonly trust: (subaccountId: string) => Promise<readonly TrustedIdp[]>
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Log
  /** Lets operators hand out authentication data instead of passwords. */
  readonly pairingCodes?: PairingCodes
  /** Communication users and their client certificates; without it there are none. */
  readonly mappings?: MappingRepository
  /** What a diagnosis looks at; without it there is none. */
  readonly diagnosis?: DiagnoserOptions
  /** Tells people and systems of what happens to certificates; without it nobody is told. */
  readonly notifications?: { readonly config: NotificationsConfig; readonly store: NotificationStore }
  /** Opens the operator endpoints to callers on this machine. */
  readonly operatorSecret?: Secret
  /** Opens the service broker to platforms with this user; it needs `endpoints`. */
  readonly broker?: BrokerUser
  /** Addresses for the credentials of bindings; without it the operator endpoints show none. */
  readonly endpoints?: EndpointsOf
  /** Takes the `init_data` of destination instances. */
  readonly applyInitData?: InitDataSink
  /** Removes what the destination service keeps for an instance or a subaccount that goes away. */
  readonly removeContent?: ContentRemoval
  /** True where somebody else issues the tokens. */
  readonly withoutIdentity?: boolean
  /** Inventory and renewal of certificates; without it, their endpoints do not exist. */
  readonly certificates?: Omit<CertificateRoutesOptions, 'clock'> & { readonly tenants: TenantCertificates }
  /** Told of every certificate of a connector that took over from another. */
  readonly certificateReplaced?: ConnectorCertificateReplaced
  /** Tokens with which applications are told of their subscribers; without it, they are not. */
  readonly callbackToken?: CallbackToken
}

/** The object graph of one replica, top to bottom. */
export interface Parts {
  readonly hub: ConnectorHub
  readonly broker: TunnelBroker
  readonly events: TunnelEvents
  readonly sessions: ControlSessions
  readonly peers: PeerCertificates
  readonly registry: Registry
  readonly subscriptions: Subscriptions
  readonly users: UserAdministration
  readonly applications: ApplicationCaller | undefined
}

export function composeParts(options: ConnectivityServiceOptions): Parts {
  const { config, clock, log, ca } = options
  const { connectors } = options.registry
  const { heartbeatMs, leaseMs, helloTimeoutMs, maxControlSessions: maxSessions } = config
  const hub = new ConnectorHub({
    repository: connectors,
    bus: options.bus,
    clock,
    log,
    renewMs: heartbeatMs,
    leaseMs,
  })
  const peers = new PeerCertificates(connectors, clock)
  const applications = applicationCaller(options)
  return {
    hub,
    peers,
    broker: new TunnelBroker({ repository: connectors, hub, clock, log }),
    events: new TunnelEvents({ connectors, hub, clock, log }),
    sessions: new ControlSessions({ hub, peers, clock, log, heartbeatMs, helloTimeoutMs, maxSessions }),
    registry: new Registry({
      repository: options.registry,
      clock,
      issueBindingCertificate: bindingCertificates(ca),
      ...(options.applyInitData === undefined ? {} : { applyInitData: options.applyInitData }),
      ...(options.removeContent === undefined ? {} : { removeContent: options.removeContent }),
      withoutIdentity: options.withoutIdentity ?? false,
    }),
    subscriptions: new Subscriptions({
      repository: options.registry,
      clock,
      ...(applications === undefined ? {} : { callApplication: applications.call }),
    }),
    users: new UserAdministration(options.registry, clock),
    applications,
  }
}

function applicationCaller(options: ConnectivityServiceOptions): ApplicationCaller | undefined {
  const { callbackToken: token, config, ca, log } = options
  if (token === undefined) return undefined
  return new ApplicationCaller({ token, ca: ca.certificatePem, timeoutMs: config.applicationCallbackMs, log })
}

/** All routes; the operator's behind one guard. */
export async function addRoutes(
  api: FastifyInstance,
  options: ConnectivityServiceOptions,
  parts: Parts,
): Promise<void> {
  const { config, clock, log, ca, verifier } = options
  const { registry, subscriptions, users, hub, broker, events, peers } = parts
  const { connectors } = options.registry
  const pairing = new Pairing(options.registry, clock, {
    passwordDelayMs: config.passwordDelayMs,
    ...(options.pairingCodes === undefined ? {} : { codes: options.pairingCodes }),
  })
  api.get('/isAlive', async () => ({ status: 'UP' }))
  const { certificates, certificateReplaced } = options
  addRegionRoutes(api, {
    config,
    pairing,
    connectors,
    peers,
    ca,
    trust: options.trust,
    ...(certificateReplaced === undefined ? {} : { certificateReplaced }),
    clock,
    log,
  })
  const clientOf = options.clientOf ?? ((token) => options.registry.findClient(token.clientId))
  const clientCertificates = options.mappings && new ClientCertificates({ repository: options.mappings, clock, log })
  const callers = new TunnelCallers({ verifier, registry: options.registry, clientOf, clientCertificates, clock })
  addTunnelRoutes(api, { broker, callers, events })
  if (options.broker !== undefined && options.endpoints !== undefined)
    await addBrokerRoutes(api, {
      broker: new ServiceBroker(registry),
      user: options.broker,
      endpoints: options.endpoints,
      log,
    })
  const access = new OperatorAccess(verifier, config.operatorClients, options.operatorSecret)
  await api.register(
    async (operator) => {
      operator.addHook('onRequest', (request) => access.assertOperator(request))
      addSubaccountRoutes(operator, { registry, hub })
      addSubscriptionRoutes(operator, subscriptions)
      addServiceRoutes(operator, { registry, endpoints: options.endpoints })
      addConnectorRoutes(operator, { registry, connectors, hub, broker, clock })
      addUserRoutes(operator, { users, repository: options.registry })
      if (options.diagnosis !== undefined) {
        const repository = options.registry
        const parts = { ...options.diagnosis, registry, repository, pairing, ca: ca.certificatePem, clock }
        addDiagnosisRoutes(operator, { registry, diagnoser: new Diagnoser(parts) })
      }
      if (options.notifications !== undefined) {
        const { store } = options.notifications
        addNotificationRoutes(operator, { store, clock })
        addRecipientRoutes(operator, { store, registry, users, clock })
      }
      if (options.pairingCodes !== undefined)
        addAuthenticationDataRoute(operator, { registry, pairing, regionHost: config.regionHost })
      if (options.mappings !== undefined) {
        const mappings = mappingAdministration(options, options.mappings)
        addCommunicationUserRoutes(operator, { registry, mappings, clock })
        addMappingRoutes(operator, { registry, mappings, clock })
        addTrustedIssuerRoutes(operator, { registry, mappings, clock })
      }
      if (certificates === undefined) return
      addCertificateRoutes(operator, { ...certificates, clock })
      addTenantCertificateRoutes(operator, { registry, certificates: certificates.tenants })
    },
    { prefix: '/api/v1' },
  )
  await api.register(async (operator) => {
    operator.addHook('onRequest', (request) => access.assertOperator(request))
    if (certificates !== undefined) addCertificateMetrics(operator, certificates.inventory)
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

function mappingAdministration(
  { ca, registry, clock }: ConnectivityServiceOptions,
  repository: MappingRepository,
): MappingAdministration {
  return new MappingAdministration({
    repository,
    instanceOf: (id) => registry.findInstance(id),
    issue: ({ subject, days, algorithm }) => ca.issueClient({ subject, days, ...keyOptions[algorithm] }),
    clock,
  })
}

const keyOptions = {
  'EC-P256': {},
  'RSA-2048': { rsaBits: 2048 },
  'RSA-3072': { rsaBits: 3072 },
  'RSA-4096': { rsaBits: 4096 },
} as const
