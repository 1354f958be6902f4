import type { Resource, SystemMapping } from '@landbridge/access'
import type {
  ConnectorConfiguration,
  ConnectorSettings,
  DomainMapping,
  IdentityProvider,
  ServiceChannel,
  Subaccount,
  TrustedCertificate,
} from '@landbridge/connector'
import { type Sealer, Secret } from '@landbridge/kernel'
import type { Kysely } from 'kysely'
import { sealedColumns } from '../sealed/sealed-columns.ts'
import { readSettings } from './setting-rows.ts'
import type { ConnectorTables } from './tables.ts'

/** Reads the whole configuration. `initial` holds the settings of a fresh installation. */
export async function loadConfiguration(
  db: Kysely<ConnectorTables>,
  sealer: Sealer,
  initial: ConnectorSettings,
): Promise<ConnectorConfiguration> {
  const settings = await db.selectFrom('connector_setting').selectAll().execute()
  const certificates = await db.selectFrom('connector_trusted_certificate').selectAll().orderBy('position').execute()
  return {
    settings: readSettings(settings, sealer, initial),
    subaccounts: await loadSubaccounts(db, sealer),
    trustedCertificates: new Map(
      certificates.map(({ alias, data }) => [alias, JSON.parse(data) as TrustedCertificate]),
    ),
  }
}

async function loadSubaccounts(db: Kysely<ConnectorTables>, sealer: Sealer): Promise<ReadonlyMap<string, Subaccount>> {
  const rows = await db.selectFrom('connector_subaccount').selectAll().orderBy('position').execute()
  const mappings = await loadMappings(db)
  const domains = await db.selectFrom('connector_domain_mapping').selectAll().orderBy('position').execute()
  const providers = await db.selectFrom('connector_identity_provider').selectAll().orderBy('position').execute()
  const channels = await db.selectFrom('connector_channel').selectAll().orderBy('id').execute()
  const channelsOf = Map.groupBy(channels, (row) => row.subaccount_key)
  const domainsOf = Map.groupBy(domains, (row) => row.subaccount_key)
  const providersOf = Map.groupBy(providers, (row) => row.subaccount_key)
  return new Map(
    rows.map(({ subaccount_key: key, data, private_key: privateKey }) => [
      key,
      {
        ...readSubaccount(data, sealer.open(privateKey, sealedColumns.connectorSubaccountKey.context(key))),
        mappings: mappings.get(key) ?? new Map<string, SystemMapping>(),
        domainMappings: new Map<string, DomainMapping>(
          domainsOf
            .get(key)
            ?.map(({ internal_domain: internalDomain, virtual_domain: virtualDomain }) => [
              internalDomain,
              { internalDomain, virtualDomain },
            ]),
        ),
        channels: new Map<number, ServiceChannel>(
          channelsOf.get(key)?.map((row) => [row.id, JSON.parse(row.data) as ServiceChannel]),
        ),
        identityProviders: new Map<number, IdentityProvider>(
          providersOf.get(key)?.map((row) => [row.id, JSON.parse(row.data) as IdentityProvider]),
        ),
      },
    ]),
  )
}

async function loadMappings(db: Kysely<ConnectorTables>): Promise<Map<string, Map<string, SystemMapping>>> {
  const rows = await db.selectFrom('connector_mapping').selectAll().orderBy('position').execute()
  const resourceRows = await db.selectFrom('connector_resource').selectAll().orderBy('position').execute()
  const resourcesOf = Map.groupBy(resourceRows, (row) => `${row.subaccount_key}\n${row.mapping_key}`)
  const mappings = new Map<string, Map<string, SystemMapping>>()
  for (const row of rows) {
    const resources = resourcesOf.get(`${row.subaccount_key}\n${row.mapping_key}`) ?? []
    const ofSubaccount = mappings.get(row.subaccount_key) ?? new Map<string, SystemMapping>()
    mappings.set(row.subaccount_key, ofSubaccount)
    ofSubaccount.set(row.mapping_key, {
      ...(JSON.parse(row.data) as Omit<SystemMapping, 'resources'>),
      resources: resources.map(({ data }) => JSON.parse(data) as Resource),
    })
  }
  return mappings
}

type StoredSubaccount = Omit<Subaccount, 'mappings' | 'domainMappings' | 'identityProviders' | 'channels'>

/** What `saveDifference` wrote; the schema version is checked when the store opens. */
function readSubaccount(data: string, keys: string): StoredSubaccount {
  const { recovery, ...stored } = JSON.parse(data) as Omit<StoredSubaccount, 'privateKey'>
  if (recovery === undefined) return { ...stored, privateKey: new Secret(keys) }
  const [own = '', other = ''] = JSON.parse(keys) as string[]
  return { ...stored, privateKey: new Secret(own), recovery: { ...recovery, privateKey: new Secret(other) } }
}
