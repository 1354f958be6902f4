import { randomUUID } from 'node:crypto'
import { addSubaccount, type ConnectorSettings } from '@landbridge/connector'
import { instanceLevel, subaccountLevel } from '@landbridge/destinations'
import { type Sealer, Secret, silentLog, systemClock } from '@landbridge/kernel'
import {
  type CertificateTables,
  ConnectorStore,
  type ConnectorTables,
  certificateMigrations,
  connectorMigrations,
  type DestinationTables,
  destinationMigrations,
  type IdentityTables,
  identityMigrations,
  type NotificationTables,
  notificationMigrations,
  openStore,
  RegistryStore,
  type RegistryTables,
  registryMigrations,
  SqlDestinationStore,
  SqlFragmentStore,
  SqlNotificationStore,
  SqlSharedTokenStore,
  SqlSigningKeyStore,
  SqlTenantCertificateStore,
  SqlTrustStore,
  type Store,
} from '../../src/index.ts'

type Tables = CertificateTables &
  ConnectorTables &
  DestinationTables &
  IdentityTables &
  NotificationTables &
  RegistryTables

const subaccountId = randomUUID()
export const level = subaccountLevel({ subaccountId })

/** The tables of all areas in one database, with keys of the caller's choice. */
export function openEverything(url: string, sealer: Sealer): Promise<Store<Tables>> {
  return openStore<Tables>({
    url,
    sealer,
    clock: systemClock,
    log: silentLog,
    migrations: {
      ...registryMigrations,
      ...identityMigrations,
      ...destinationMigrations,
      ...certificateMigrations,
      ...notificationMigrations,
      ...connectorMigrations,
    },
  })
}

/** A part of the database sees its own tables only. */
export function part<T>(store: Store<Tables>): Store<T> {
  return store as unknown as Store<T>
}

const ids = { instance: randomUUID(), binding: randomUUID(), certificate: randomUUID(), webhook: randomUUID() }
const settings = { installationId: randomUUID(), haRole: 'undefined' } as ConnectorSettings
const tokenExpiresAtMs = Date.now() + 3_600_000

/** Writes at least one value into every sealed column, each through the store that owns it. */
export async function fillEverything(store: Store<Tables>, destinations: number): Promise<void> {
  const registry = new RegistryStore(part(store))
  await registry.insertSubaccount({ id: subaccountId, subdomain: 'acme', displayName: 'Acme', createdAtMs: 0 })
  await registry.insertInstance({
    ...{ id: ids.instance, subaccountId, service: 'destination', plan: 'lite', name: 'one', xsappname: 'one!b1' },
    ...{ parameters: {}, redirectUris: [], supportsX509: true, createdAtMs: 0, requestDigest: 'digest of instance' },
  })
  await registry.insertBinding({
    ...{ id: ids.binding, instanceId: ids.instance, name: 'key', clientId: 'sb-one', credentialType: 'binding-secret' },
    ...{ clientSecret: new Secret('client secret'), privateKey: new Secret('binding key') },
    ...{ certificate: 'PEM', certificateThumbprint: 'print', createdAtMs: 0, requestDigest: 'digest of binding' },
  })
  await new SqlTenantCertificateStore(part(store)).insert(
    {
      ...{ id: ids.certificate, subaccountId, name: 'erp', state: 'active', renewer: 'platform', lifetimeDays: 75 },
      ...{ keyAlgorithm: 'EC-P256', certificate: 'PEM', fingerprint: 'ff', subject: 'CN=x', createdAtMs: 0 },
      ...{ notBeforeMs: 0, notAfterMs: 1 },
    },
    new Secret('tenant key'),
  )
  await new SqlSigningKeyStore(part(store)).add({
    ...{ keyId: 'signer', generation: 1, algorithm: 'ES256', createdAtMs: 0, activeFromMs: 0 },
    privateKey: new Secret('signing key'),
  })
  const webhook = { id: ids.webhook, subaccountId, url: 'https://alerts.example.test', createdAtMs: 0 }
  await new SqlNotificationStore(part(store)).insertWebhook(webhook, new Secret('webhook secret'))
  const destinationStore = new SqlDestinationStore(part(store))
  for (let n = 0; n < destinations; n++)
    await destinationStore.create(level, { Name: `d${n}`, Type: 'HTTP', Password: `password ${n}` })
  await new SqlFragmentStore(part(store)).create(
    instanceLevel({ subaccountId, instanceId: ids.instance, instanceSubaccountId: subaccountId }),
    {
      FragmentName: 'f',
      Password: 'fragment',
    },
  )
  const trust = new SqlTrustStore(part(store))
  for (const role of ['active', 'passive'] as const)
    await trust.save(subaccountId, role, { certificate: role, privateKey: new Secret(`${role} key`) })
  await new SqlSharedTokenStore(part(store)).keep('digest', {
    token: { type: 'Bearer', value: 'granted', expiresAtMs: tokenExpiresAtMs } as never,
    renewAtMs: tokenExpiresAtMs,
  })
  const connector = await ConnectorStore.open(part(store), settings)
  await connector.change('test', (current) => ({
    next: {
      ...addSubaccount(current, {
        ...{ regionHost: 'region', subaccountId, displayName: '', locationId: '', description: '', user: 'u' },
        ...{ connected: true, loadSharing: false, tunnelConnections: 1, autoCertRenewal: false, isManaged: false },
        ...{ autoSyncTrust: false, certificate: 'PEM', createdAtMs: 1 },
        endpoint: { notificationHost: 'n', port: 443, ca: '' },
        privateKey: new Secret('tunnel key'),
      }),
      settings: { ...current.settings, httpsProxy: { host: 'p', port: 1, user: 'u', password: new Secret('proxy') } },
    },
    audit: { category: 'Configuration', action: 'update', object: 'x' },
    result: undefined,
  }))
}

/** Every secret of `fillEverything`, read through the store that owns it. */
export async function readEverything(store: Store<Tables>): Promise<readonly unknown[]> {
  const registry = new RegistryStore(part(store))
  const binding = await registry.findBinding(ids.binding)
  const trust = new SqlTrustStore(part(store))
  const connector = await ConnectorStore.open(part(store), settings)
  const [signer] = await new SqlSigningKeyStore(part(store)).list()
  return [
    (await registry.findInstance(ids.instance))?.requestDigest,
    binding?.clientSecret?.reveal(),
    binding?.privateKey?.reveal(),
    binding?.requestDigest,
    (await new SqlTenantCertificateStore(part(store)).privateKey(ids.certificate))?.reveal(),
    signer?.privateKey.reveal(),
    (await new SqlNotificationStore(part(store)).findWebhook(ids.webhook))?.secret.reveal(),
    (
      await new SqlFragmentStore(part(store)).find(
        instanceLevel({ subaccountId, instanceId: ids.instance, instanceSubaccountId: subaccountId }),
        'f',
      )
    )?.properties.Password,
    (await trust.find(subaccountId, 'active'))?.privateKey.reveal(),
    (await trust.find(subaccountId, 'passive'))?.privateKey.reveal(),
    (await new SqlSharedTokenStore(part(store)).find('digest'))?.token.value,
    [...connector.current.subaccounts.values()][0]?.privateKey.reveal(),
    connector.current.settings.httpsProxy?.password?.reveal(),
    ...(await new SqlDestinationStore(part(store)).list(level)).map(({ properties }) => properties.Password).toSorted(),
  ]
}
