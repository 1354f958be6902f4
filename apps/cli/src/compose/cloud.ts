import { ClientCertificates, mappingCertificateSource } from '@landbridge/certificates'
import {
  type ConnectivityServiceConfig,
  type NotificationsConfig,
  type RunningConnectivityService,
  startConnectivityService,
} from '@landbridge/connectivity-service'
import {
  type DestinationServiceConfig,
  type RunningDestinationService,
  roleCollectionsOf,
  startDestinationService,
} from '@landbridge/destination-service'
import { applyInitData, instanceLevel, subaccountLevel } from '@landbridge/destinations'
import type { LocalCa, TokenVerifier } from '@landbridge/identity'
import { type Clock, type Closeable, closeAll, type Log, type Sealer, type Secret } from '@landbridge/kernel'
import {
  type PlatformEndpoints,
  rolesOf,
  type ServiceInstance,
  TenantAccess,
  writePairingCode,
} from '@landbridge/registry'
import {
  RegistryStore,
  SealedPairingCodes,
  SqlAuthorityStore,
  SqlCertificateStore,
  SqlConfigurationTransactions,
  SqlDestinationStore,
  SqlFragmentStore,
  SqlMappingStore,
  SqlNotificationStore,
  SqlSharedTokenStore,
  SqlSigningKeyStore,
  SqlSingleUse,
  SqlTenantCertificateStore,
  SqlTrustStore,
} from '@landbridge/store'
import { type RunningTokenService, startTokenService, type TokenServiceConfig } from '@landbridge/token-service'
import { callbackToken } from './callback-token.ts'
import { serverSource } from './certificate-sources.ts'
import { composeCertificates } from './cloud-certificates.ts'
import { openCloudIdentity } from './cloud-identity.ts'
import type { CloudIdentityConfig } from './identity-config.ts'
import { onPremiseChannel } from './on-premise-channel.ts'
import { onPremiseProbe } from './on-premise-probe.ts'
import { type CloudStores, openCloudStores } from './open-store.ts'
import { isOwnAddress } from './own-address.ts'

export interface CloudOptions {
  readonly config: {
    readonly identity: CloudIdentityConfig
    readonly tokenService: TokenServiceConfig
    readonly destinationService: DestinationServiceConfig
    readonly connectivityService: ConnectivityServiceConfig
    readonly notifications: NotificationsConfig
  }
  readonly storeUrl: string
  readonly sealer: Sealer
  readonly authority: LocalCa
  /** Where applications reach the connectivity proxy: credentials carry it. */
  readonly proxy: PlatformEndpoints['proxy']
  /** Base URLs for credentials; where one is empty or absent, the address of the service itself. */
  readonly publicUrls?: { readonly destination: string; readonly connectivity: string }
  readonly operatorSecret?: Secret
  /** Password of the service broker's user. */
  readonly brokerPassword?: Secret
  readonly clock: Clock
  readonly log: Log
}

/** The user with which platforms call the service broker. */
export const brokerUserName = 'broker'

/** The cloud side without the proxy. */
export interface RunningCloud extends Closeable {
  /** Absent when only others issue tokens. */
  readonly tokenService?: RunningTokenService
  readonly destinationService: RunningDestinationService
  readonly connectivityService: RunningConnectivityService
  /** Verifies the tokens of all accepted issuers. */
  readonly verifier: TokenVerifier
  /** Which clients may work for which tenants. */
  readonly tenantAccess: TenantAccess
  /** Addresses for the credentials of bindings of a subaccount. */
  endpoints(subdomain: string): Promise<PlatformEndpoints>
}

/** Starts token, destination and connectivity service over one database. What was started is closed on failure. */
export async function startCloud(options: CloudOptions): Promise<RunningCloud> {
  const started: Closeable[] = []
  try {
    const stores = await openCloudStores(options.storeUrl, options.sealer, options.clock, options.log)
    started.push(stores)
    return await startServices(options, stores, started)
  } catch (failure) {
    await closeAll(started)
    throw failure
  }
}

async function startServices(options: CloudOptions, stores: CloudStores, started: Closeable[]): Promise<RunningCloud> {
  const { config, authority, clock, log } = options
  const registry = new RegistryStore(stores.registry)
  const mappings = new SqlMappingStore(stores.certificates)
  const clientCertificates = new ClientCertificates({ repository: mappings, clock, log })
  const pairingCodes = new SealedPairingCodes(stores.identity)
  const tokenService = config.identity.builtIn
    ? await startOwnTokenService(options, stores, { registry, clientCertificates, pairingCodes })
    : undefined
  if (tokenService !== undefined) started.push(tokenService)
  let onKeysChanged = (): void => {}
  const identity = openCloudIdentity(
    { config: config.identity, registry, clientCertificates, onKeysChanged: () => onKeysChanged(), clock, log },
    tokenService,
  )
  started.push(identity)
  const { verifier, clientOf, tenantAccess } = identity
  const configurations = new SqlConfigurationTransactions(stores.destinations)
  const policy = config.connectivityService.certificateRenewal
  const certificates = composeCertificates({
    stores,
    registry,
    authority,
    policy,
    more: [
      mappingCertificateSource(mappings),
      // Asked when somebody looks, after everything has started.
      serverSource(() => serverCertificates({ tokenService, destinationService, connectivityService })),
    ],
    clock,
    log,
  })
  const destinationService = await startDestinationService({
    config: config.destinationService,
    store: new SqlDestinationStore(stores.destinations),
    fragments: new SqlFragmentStore(stores.destinations),
    certificates: certificates.destinationCertificates,
    authorities: new SqlAuthorityStore(stores.destinations),
    trustStore: new SqlTrustStore(stores.destinations),
    // On SQLite there is one process, whose memory is nearer.
    ...(stores.destinations.kind === 'postgres' ? { sharedTokens: new SqlSharedTokenStore(stores.destinations) } : {}),
    verifier,
    tenants: registry,
    clients: registry,
    clientOf,
    rolesOf: async (token) => rolesOf(roleCollectionsOf(token), await registry.listRoleCollections(token.tenantId)),
    clientCertificates,
    authority,
    ca: authority.certificatePem,
    ...(tokenService === undefined
      ? {}
      : {
          userInfoUrl: `${tokenService.url}/userinfo`,
          onPremise: onPremiseChannel(tokenService, registry, options.proxy),
        }),
    administration: {
      transactions: configurations,
      certificates: new SqlCertificateStore(stores.destinations),
      // The secrets of our clients are for our own token service only.
      ...(tokenService === undefined
        ? {}
        : {
            onPremiseProbe: onPremiseProbe({
              registry,
              endpoints: (subdomain) => endpoints(subdomain),
              ca: authority.certificatePem,
              clock,
              log,
            }),
          }),
    },
    clock,
    log,
  })
  started.push(destinationService)
  const endpoints = async (subdomain: string): Promise<PlatformEndpoints> => ({
    ...(await identity.bindings(subdomain)),
    destinationUri: options.publicUrls?.destination || destinationService.url,
    connectivityUri: options.publicUrls?.connectivity || connectivityService.url,
    proxy: options.proxy,
  })
  const connectivityService = await startConnectivityService({
    config: config.connectivityService,
    registry,
    verifier,
    clientOf,
    mappings,
    diagnosis: {
      destinations: new SqlDestinationStore(stores.destinations),
      keyStores: new SqlCertificateStore(stores.destinations),
      tenantCertificates: new SqlTenantCertificateStore(stores.certificates),
      mappings,
      isOwn: (url) =>
        isOwnAddress(url, {
          listeners: [
            tokenService?.url,
            destinationService.url,
            destinationService.mutualTlsUrl,
            connectivityService.url,
          ],
          publicUrls: [options.publicUrls?.destination, options.publicUrls?.connectivity],
          uaaDomain: tokenService?.uaaDomain,
        }),
    },
    notifications: { config: config.notifications, store: new SqlNotificationStore(stores.notifications) },
    pairingCodes,
    ca: authority,
    trust: (subaccountId) => identity.trust(subaccountId),
    bus: stores.registry.bus,
    clock,
    log,
    certificates,
    certificateReplaced: certificates.certificateReplaced,
    endpoints,
    applyInitData: (instance, initData) => applyInitData(configurations, levelsOf(instance), initData),
    removeContent: (owner) => configurations.removeContent(owner),
    withoutIdentity: tokenService === undefined,
    ...(tokenService === undefined ? {} : { callbackToken: callbackToken(tokenService, registry) }),
    ...(options.brokerPassword === undefined
      ? {}
      : { broker: { name: brokerUserName, password: options.brokerPassword } }),
    ...(options.operatorSecret === undefined ? {} : { operatorSecret: options.operatorSecret }),
  })
  started.push(connectivityService)
  onKeysChanged = () => connectivityService.trustChanged()
  certificates.job.start()
  started.push(certificates.job)
  return {
    ...(tokenService === undefined ? {} : { tokenService }),
    verifier,
    destinationService,
    connectivityService,
    tenantAccess,
    endpoints,
    close: () => closeAll(started),
  }
}

/** What the services of this process show to those who connect; PEM. */
async function serverCertificates({
  tokenService,
  destinationService,
  connectivityService,
}: Pick<RunningCloud, 'destinationService' | 'connectivityService'> & {
  readonly tokenService: RunningTokenService | undefined
}) {
  const destination = destinationService.serverCertificate?.()
  return [
    ...((await tokenService?.serverCertificates()) ?? []),
    ...(destination === undefined ? [] : [{ name: 'destination service', certificate: destination }]),
    { name: 'connectivity service', certificate: connectivityService.serverCertificate() },
    ...connectivityService.proxyCertificates().map(({ name, ...proxy }) => ({
      name: `tunnel server ${name}`,
      renewer: 'user' as const,
      ...proxy,
    })),
  ]
}

function startOwnTokenService(
  { config, authority, clock, log }: CloudOptions,
  stores: CloudStores,
  parts: { registry: RegistryStore; clientCertificates: ClientCertificates; pairingCodes: SealedPairingCodes },
): Promise<RunningTokenService> {
  const { registry, clientCertificates, pairingCodes } = parts
  const access = new TenantAccess({ repository: registry, clock })
  return startTokenService({
    config: config.tokenService,
    clients: registry,
    tenants: registry,
    users: registry,
    keys: new SqlSigningKeyStore(stores.identity),
    clientCertificates,
    singleUse: new SqlSingleUse(stores.identity),
    mayActIn: (client, tenant) => access.mayActIn(client, tenant),
    newPasscode: ({ tenantId, ...holder }) =>
      writePairingCode(pairingCodes, clock, { subaccountId: tenantId, ...holder }),
    ca: authority,
    clock,
    log,
  })
}

/** The levels that the parameters of a destination instance can fill. */
function levelsOf({ id, subaccountId }: ServiceInstance) {
  return {
    subaccount: subaccountLevel({ subaccountId }),
    instance: instanceLevel({ subaccountId, instanceId: id, instanceSubaccountId: subaccountId }),
  }
}
