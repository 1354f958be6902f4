import type {
  TenantCertificate,
  TenantCertificateFilter,
  TenantCertificateState,
  TenantCertificateStore,
  Transaction,
} from '@landbridge/certificates'
import { PlatformError, Secret } from '@landbridge/kernel'
import { isDuplicate, toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import { tablesWithin } from '../base/transaction.ts'
import { sealedColumns } from '../sealed/sealed-columns.ts'
import type { CertificateTables, TenantCertificateRow } from './tables.ts'

/** Client certificates of tenants in SQL. */
export class SqlTenantCertificateStore implements TenantCertificateStore {
  readonly #store: Store<CertificateTables>

  constructor(store: Store<CertificateTables>) {
    this.#store = store
  }

  async list(filter: TenantCertificateFilter = {}): Promise<readonly TenantCertificate[]> {
    const { subaccountId, state, fingerprint, endsUntilMs } = filter
    let query = this.#store.db.selectFrom('tenant_certificates').selectAll().orderBy('not_after_ms').orderBy('id')
    if (subaccountId !== undefined) query = query.where('subaccount_id', '=', subaccountId)
    if (state !== undefined) query = query.where('state', '=', state)
    if (fingerprint !== undefined) query = query.where('fingerprint', '=', fingerprint)
    if (endsUntilMs !== undefined) query = query.where('not_after_ms', '<=', endsUntilMs)
    return (await query.execute()).map(fromRow)
  }

  async find(id: string): Promise<TenantCertificate | undefined> {
    const row = await this.#store.db
      .selectFrom('tenant_certificates')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst()
    return row && fromRow(row)
  }

  async privateKey(id: string): Promise<Secret | undefined> {
    const row = await this.#store.db
      .selectFrom('tenant_certificates')
      .select('private_key')
      .where('id', '=', id)
      .executeTakeFirst()
    const sealed = row?.private_key ?? undefined
    return sealed === undefined
      ? undefined
      : new Secret(this.#store.sealer.open(sealed, sealedColumns.tenantCertificateKey.context(id)))
  }

  async insert(certificate: TenantCertificate, privateKey: Secret): Promise<void> {
    try {
      await this.#store.db.insertInto('tenant_certificates').values(this.#toRow(certificate, privateKey)).execute()
    } catch (cause) {
      if (!isDuplicate(cause)) throw toStoreError(cause)
      throw new PlatformError('TENANT_CERTIFICATE_EXISTS', { name: certificate.name }, { cause })
    }
  }

  async succeed(
    predecessorId: string,
    successor: TenantCertificate,
    key: Secret,
    within: Transaction,
  ): Promise<boolean> {
    const db = tablesWithin<CertificateTables>(within)
    // First the old one: only one certificate of a name is active, also within the transaction.
    const { numUpdatedRows } = await db
      .updateTable('tenant_certificates')
      .set({ state: 'replaced', successor_id: successor.id })
      .where('id', '=', predecessorId)
      .where('state', '=', 'active')
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return false
    await db.insertInto('tenant_certificates').values(this.#toRow(successor, key)).execute()
    return true
  }

  async retire(id: string, atMs: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#store.db
      .updateTable('tenant_certificates')
      .set({ state: 'retired', private_key: null, retired_at_ms: atMs })
      .where('id', '=', id)
      .where('state', '!=', 'retired')
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  #toRow(certificate: TenantCertificate, privateKey: Secret): TenantCertificateRow {
    const { id } = certificate
    return {
      id,
      subaccount_id: certificate.subaccountId,
      name: certificate.name,
      state: certificate.state,
      renewer: certificate.renewer,
      key_algorithm: certificate.keyAlgorithm,
      lifetime_days: certificate.lifetimeDays,
      certificate: certificate.certificate,
      private_key: this.#store.sealer.seal(privateKey.reveal(), sealedColumns.tenantCertificateKey.context(id)),
      fingerprint: certificate.fingerprint,
      subject: certificate.subject,
      not_before_ms: certificate.notBeforeMs,
      not_after_ms: certificate.notAfterMs,
      predecessor_id: certificate.predecessorId ?? null,
      successor_id: certificate.successorId ?? null,
      created_at_ms: certificate.createdAtMs,
      retired_at_ms: certificate.retiredAtMs ?? null,
    }
  }
}

function fromRow(row: TenantCertificateRow): TenantCertificate {
  return {
    id: row.id,
    subaccountId: row.subaccount_id,
    name: row.name,
    // Written by `toRow` only.
    state: row.state as TenantCertificateState,
    renewer: row.renewer as TenantCertificate['renewer'],
    keyAlgorithm: row.key_algorithm as TenantCertificate['keyAlgorithm'],
    lifetimeDays: row.lifetime_days,
    certificate: row.certificate,
    fingerprint: row.fingerprint,
    subject: row.subject,
    notBeforeMs: row.not_before_ms,
    notAfterMs: row.not_after_ms,
    ...(row.predecessor_id === null ? {} : { predecessorId: row.predecessor_id }),
    ...(row.successor_id === null ? {} : { successorId: row.successor_id }),
    createdAtMs: row.created_at_ms,
    ...(row.retired_at_ms === null ? {} : { retiredAtMs: row.retired_at_ms }),
  }
}
