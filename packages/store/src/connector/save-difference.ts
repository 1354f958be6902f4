import { setImmediate } from 'node:timers/promises'
import type { SystemMapping } from '@landbridge/access'
import type { ConnectorConfiguration, Subaccount, SubaccountProperties } from '@landbridge/connector'
import type { Sealer } from '@landbridge/kernel'
import type { Transaction } from 'kysely'
import { sealedColumns } from '../sealed/sealed-columns.ts'
import { settingRows } from './setting-rows.ts'
import type { ConnectorTables } from './tables.ts'

type Writer = Transaction<ConnectorTables>

const rowsPerStatement = 200

/** Rows are read in the order of their position; new ones come last. */
export interface Positions {
  next(): number
}

/**
 * Writes what differs between two versions of the configuration. Versions share what they have in common, so comparing
 * references finds the difference without looking into what did not change.
 */
export async function saveDifference(
  db: Writer,
  before: ConnectorConfiguration,
  after: ConnectorConfiguration,
  sealer: Sealer,
  positions: Positions,
): Promise<void> {
  if (before.settings !== after.settings) await saveSettings(db, after, sealer)
  const subaccounts = difference(before.subaccounts, after.subaccounts)
  for (const [key] of subaccounts.removed) await removeSubaccount(db, key)
  for (const [key, now, was] of subaccounts.changed) await saveSubaccount(db, key, was, now, sealer, positions)
  const certificates = difference(before.trustedCertificates, after.trustedCertificates)
  for (const [alias] of certificates.removed)
    await db.deleteFrom('connector_trusted_certificate').where('alias', '=', alias).execute()
  for (const [alias, certificate] of certificates.changed) {
    const data = JSON.stringify(certificate)
    await db
      .insertInto('connector_trusted_certificate')
      .values({ alias, position: positions.next(), data })
      .onConflict((conflict) => conflict.column('alias').doUpdateSet({ data }))
      .execute()
  }
}

/** Few and small: written whole. */
async function saveSettings(db: Writer, after: ConnectorConfiguration, sealer: Sealer): Promise<void> {
  await db.deleteFrom('connector_setting').execute()
  await db.insertInto('connector_setting').values(settingRows(after.settings, sealer)).execute()
}

async function removeSubaccount(db: Writer, key: string): Promise<void> {
  for (const table of [
    'connector_resource',
    'connector_mapping',
    'connector_domain_mapping',
    'connector_identity_provider',
    'connector_channel',
    'connector_subaccount',
  ] as const)
    await db.deleteFrom(table).where('subaccount_key', '=', key).execute()
}

async function saveSubaccount(
  db: Writer,
  key: string,
  was: Subaccount | undefined,
  now: Subaccount,
  sealer: Sealer,
  positions: Positions,
): Promise<void> {
  const data = subaccountData(now)
  if (
    was === undefined ||
    data !== subaccountData(was) ||
    was.privateKey !== now.privateKey ||
    was.recovery?.privateKey !== now.recovery?.privateKey
  ) {
    const privateKey = sealer.seal(privateKeys(now), sealedColumns.connectorSubaccountKey.context(key))
    await db
      .insertInto('connector_subaccount')
      .values({ subaccount_key: key, position: positions.next(), data, private_key: privateKey })
      .onConflict((conflict) => conflict.column('subaccount_key').doUpdateSet({ data, private_key: privateKey }))
      .execute()
  }
  await saveMappings(db, key, was?.mappings, now.mappings, positions)
  await saveDomainMappings(db, key, was, now, positions)
  await saveIdentityProviders(db, key, was, now, positions)
  await saveChannels(db, key, was, now)
}

/** The properties without the collections and the key, which have their own places. */
function subaccountData(subaccount: Subaccount): string {
  const { mappings, domainMappings, identityProviders, channels, privateKey, recovery, ...data } = subaccount
  const known = data satisfies Omit<SubaccountProperties, 'privateKey' | 'recovery'>
  if (recovery === undefined) return JSON.stringify(known)
  const { privateKey: _sealed, ...way } = recovery
  return JSON.stringify({ ...known, recovery: way })
}

/** The private key as PEM; with a recovery subaccount a JSON list of both. */
function privateKeys({ privateKey, recovery }: Subaccount): string {
  if (recovery === undefined) return privateKey.reveal()
  return JSON.stringify([privateKey.reveal(), recovery.privateKey.reveal()])
}

async function saveMappings(
  db: Writer,
  key: string,
  was: ReadonlyMap<string, SystemMapping> | undefined,
  now: ReadonlyMap<string, SystemMapping>,
  positions: Positions,
): Promise<void> {
  const { removed, changed } = difference(was, now)
  for await (const some of chunks(removed.map(([mappingKey]) => mappingKey)))
    for (const table of ['connector_resource', 'connector_mapping'] as const)
      await db.deleteFrom(table).where('subaccount_key', '=', key).where('mapping_key', 'in', some).execute()
  const rows = changed.map(([mappingKey, { resources, ...fields }]) => ({
    subaccount_key: key,
    mapping_key: mappingKey,
    position: positions.next(),
    data: JSON.stringify(fields),
  }))
  for await (const some of chunks(rows))
    await db
      .insertInto('connector_mapping')
      .values(some)
      .onConflict((conflict) =>
        conflict
          .columns(['subaccount_key', 'mapping_key'])
          .doUpdateSet((update) => ({ data: update.ref('excluded.data') })),
      )
      .execute()
  await saveResources(db, key, changed, positions)
}

/** Resources of all changed mappings together: an import has many of them. */
async function saveResources(
  db: Writer,
  key: string,
  mappings: Difference<string, SystemMapping>['changed'],
  positions: Positions,
): Promise<void> {
  const rows: ConnectorTables['connector_resource'][] = []
  for (const [mappingKey, now, was] of mappings) {
    if (was?.resources === now.resources) continue
    const { removed, changed } = difference(byId(was), byId(now))
    for await (const some of chunks(removed.map(([id]) => id)))
      await db
        .deleteFrom('connector_resource')
        .where('subaccount_key', '=', key)
        .where('mapping_key', '=', mappingKey)
        .where('resource_id', 'in', some)
        .execute()
    for (const [id, resource] of changed)
      rows.push({
        ...{ subaccount_key: key, mapping_key: mappingKey, resource_id: id },
        ...{ position: positions.next(), data: JSON.stringify(resource) },
      })
  }
  for await (const some of chunks(rows))
    await db
      .insertInto('connector_resource')
      .values(some)
      .onConflict((conflict) =>
        conflict
          .columns(['subaccount_key', 'mapping_key', 'resource_id'])
          .doUpdateSet((update) => ({ data: update.ref('excluded.data') })),
      )
      .execute()
}

/** Parts of a list that fit into one statement. In between, everything else of the process has its turn. */
async function* chunks<T>(list: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < list.length; at += rowsPerStatement) {
    if (at > 0) await setImmediate()
    yield list.slice(at, at + rowsPerStatement)
  }
}

function byId(mapping: SystemMapping | undefined): ReadonlyMap<string, SystemMapping['resources'][number]> {
  return new Map(mapping?.resources.map((resource) => [resource.id, resource]))
}

async function saveDomainMappings(
  db: Writer,
  key: string,
  was: Subaccount | undefined,
  now: Subaccount,
  positions: Positions,
): Promise<void> {
  const { removed, changed } = difference(was?.domainMappings, now.domainMappings)
  for (const [internalDomain] of removed)
    await db
      .deleteFrom('connector_domain_mapping')
      .where('subaccount_key', '=', key)
      .where('internal_domain', '=', internalDomain)
      .execute()
  for (const [internalDomain, { virtualDomain }] of changed)
    await db
      .insertInto('connector_domain_mapping')
      .values({
        subaccount_key: key,
        internal_domain: internalDomain,
        position: positions.next(),
        virtual_domain: virtualDomain,
      })
      .onConflict((conflict) =>
        conflict.columns(['subaccount_key', 'internal_domain']).doUpdateSet({ virtual_domain: virtualDomain }),
      )
      .execute()
}

async function saveIdentityProviders(
  db: Writer,
  key: string,
  was: Subaccount | undefined,
  now: Subaccount,
  positions: Positions,
): Promise<void> {
  const { removed, changed } = difference(was?.identityProviders, now.identityProviders)
  for (const [id] of removed)
    await db.deleteFrom('connector_identity_provider').where('subaccount_key', '=', key).where('id', '=', id).execute()
  for (const [id, provider] of changed) {
    const data = JSON.stringify(provider)
    await db
      .insertInto('connector_identity_provider')
      .values({ subaccount_key: key, id, position: positions.next(), data })
      .onConflict((conflict) => conflict.columns(['subaccount_key', 'id']).doUpdateSet({ data }))
      .execute()
  }
}

async function saveChannels(db: Writer, key: string, was: Subaccount | undefined, now: Subaccount): Promise<void> {
  const { removed, changed } = difference(was?.channels, now.channels)
  for (const [id] of removed)
    await db.deleteFrom('connector_channel').where('subaccount_key', '=', key).where('id', '=', id).execute()
  for (const [id, channel] of changed) {
    const data = JSON.stringify(channel)
    await db
      .insertInto('connector_channel')
      .values({ subaccount_key: key, id, data })
      .onConflict((conflict) => conflict.columns(['subaccount_key', 'id']).doUpdateSet({ data }))
      .execute()
  }
}

interface Difference<K, V> {
  readonly removed: readonly [key: K, was: V][]
  readonly changed: readonly [key: K, now: V, was: V | undefined][]
}

function difference<K, V>(was: ReadonlyMap<K, V> | undefined, now: ReadonlyMap<K, V>): Difference<K, V> {
  if (was === now) return { removed: [], changed: [] }
  const removed: [K, V][] = []
  const changed: [K, V, V | undefined][] = []
  for (const [key, value] of was ?? []) if (!now.has(key)) removed.push([key, value])
  for (const [key, value] of now) {
    const before = was?.get(key)
    if (before !== value) changed.push([key, value, before])
  }
  return { removed, changed }
}
