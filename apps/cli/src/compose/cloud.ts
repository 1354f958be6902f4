import {
  type ConnectivityServiceConfig,
  type RunningConnectivityService,
  startConnectivityService,
  type TrustedIdp,
} from '@landbridge/connectivity-service'
import { type DestinationServiceConfig, startDestinationService } from '@landbridge/destination-service'
import { applyInitData, instanceLevel, subaccountLevel } from '@landbridge/destinations'
import { type LocalCa, TokenVerifier } from '@landbridge/identity'
import {
  type Clock,
  type Closeable,
  closeAll,
  type Log,
  type RunningApp,
  type Sealer,
  type Secret,
} from '@landbridge/kernel'
import { type PlatformEndpoints, type ServiceInstance, TenantAccess } from '@landbridge/registry'
import {
  RegistryStore,
  SqlConfigurationTransactions,
  SqlDestinationStore,
  SqlSigningKeyStore,
  SqlSingleUse,
} from '@landbridge/store'
import { type RunningTokenService, startTokenService, type TokenServiceConfig } from '@landbridge/token-service'
import { onPremiseProbe } from './on-premise-probe.ts'
import { type CloudStores, openCloudStores } from './open-store.ts'
import { tokenServiceAddress } from './tenant-host.ts'

export interface CloudOptions {
  readonly config: {
    readonly tokenService: TokenServiceConfig
    readonly destinationService: DestinationServiceConfig
    readonly connectivityService: ConnectivityServiceConfig
  }
  readonly storeUrl: string
  readonly sealer: Sealer
  readonly authority: LocalCa
  /** Where applications reach the connectivity proxy: credentials carry it. */
  readonly proxy: PlatformEndpoints['proxy']
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
  readonly tokenService: RunningTokenService
  readonly destinationService: RunningApp
  readonly connectivityService: RunningConnectivityService
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
  const tenantAccess = new TenantAccess({ repository: registry, clock })
  const tokenService = await startTokenService({
    config: config.tokenService,
    clients: registry,
    tenants: registry,
    users: registry,
    keys: new SqlSigningKeyStore(stores.identity),
    singleUse: new SqlSingleUse(stores.identity),
    mayActIn: (client, tenant) => tenantAccess.mayActIn(client, tenant),
    ca: authority,
    clock,
    log,
  })
  started.push(tokenService)
  const verifier = new TokenVerifier({ keys: tokenService.ring, clock, acceptIssuer: tokenService.isOwnIssuer })
  const configurations = new SqlConfigurationTransactions(stores.destinations)
  const destinationService = await startDestinationService({
    config: config.destinationService,
    store: new SqlDestinationStore(stores.destinations),
    verifier,
    tenants: registry,
    clients: registry,
    ca: authority.certificatePem,
    administration: {
      transactions: configurations,
      onPremiseProbe: onPremiseProbe({
        registry,
        endpoints: (subdomain) => endpoints(subdomain),
        ca: authority.certificatePem,
        clock,
        log,
      }),
    },
    clock,
    log,
  })
  started.push(destinationService)
  const endpoints = async (subdomain: string): Promise<PlatformEndpoints> => ({
    uaaDomain: tokenService.uaaDomain,
    ...(await tokenServiceAddress(subdomain, tokenService.uaaDomain)),
    destinationUri: destinationService.url,
    connectivityUri: connectivityService.url,
    proxy: options.proxy,
    verificationKey: await tokenService.verificationKey(),
  })
  const connectivityService = await startConnectivityService({
    config: config.connectivityService,
    registry,
    verifier,
    ca: authority,
    trust: (subaccountId) => trustOf(subaccountId, registry, tokenService),
    bus: stores.registry.bus,
    clock,
    log,
    endpoints,
    applyInitData: (instance, initData) => applyInitData(configurations, levelsOf(instance), initData),
    removeContent: (owner) => configurations.removeContent(owner),
    ...(options.brokerPassword === undefined
      ? {}
      : { broker: { name: brokerUserName, password: options.brokerPassword } }),
    ...(options.operatorSecret === undefined ? {} : { operatorSecret: options.operatorSecret }),
  })
  started.push(connectivityService)
  return {
    tokenService,
    destinationService,
    connectivityService,
    tenantAccess,
    endpoints,
    close: () => closeAll(started),
  }
}

/** The levels that the parameters of a destination instance can fill. */
function levelsOf({ id, subaccountId }: ServiceInstance) {
  return {
    subaccount: subaccountLevel({ subaccountId }),
    instance: instanceLevel({ subaccountId, instanceId: id, instanceSubaccountId: subaccountId }),
  }
}

/** Connectors of a subaccount trust the tokens that the platform issues for it. */
async function trustOf(
  subaccountId: string,
  registry: RegistryStore,
  tokenService: RunningTokenService,
): Promise<readonly TrustedIdp[]> {
  const tenant = await registry.tenantById(subaccountId)
  if (tenant === undefined) return []
  return [
    {
      id: '1',
      name: 'landbridge',
      description: 'Token service of this platform',
      issuer: tokenService.issuerOf(tenant.subdomain),
      jwks: await tokenService.ring.jwks(),
      enabled: true,
    },
  ]
}
