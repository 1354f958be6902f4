import { type Transaction as OpenTransaction, PlatformError } from '@landbridge/kernel'
import {
  type CertificateReport,
  type ClaimDecision,
  type ConnectorAbout,
  type ConnectorCertificate,
  type ConnectorRepository,
  type ConnectorSession,
  decideClaim,
  type RevocationTarget,
} from '@landbridge/registry'
import type { Transaction } from 'kysely'
import type { Store } from '../base/open.ts'
import { hideTransaction } from '../base/transaction.ts'
import { SqlCertificateReports } from './certificate-report-store.ts'
import { fromCertificate, fromSession, toCertificate, toSession } from './rows.ts'
import type { RegistryTables } from './tables.ts'

/** Certificates and live sessions of connectors in SQL. */
export class ConnectedAgentsStore implements ConnectorRepository {
  readonly #store: Store<RegistryTables>
  readonly #reports: SqlCertificateReports

  constructor(store: Store<RegistryTables>) {
    this.#store = store
    this.#reports = new SqlCertificateReports(store)
  }

  get #db() {
    return this.#store.db
  }

  putCertificateReport(report: CertificateReport): Promise<void> {
    return this.#reports.putCertificateReport(report)
  }

  listCertificateReports(endedAfterMs: number): Promise<readonly CertificateReport[]> {
    return this.#reports.listCertificateReports(endedAfterMs)
  }

  async insertCertificate(
    certificate: ConnectorCertificate,
    alongWith: (former: ConnectorCertificate | undefined, within: OpenTransaction) => Promise<void> = async () => {},
  ): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      const former = await formerCertificate(transaction, certificate)
      const next = former === undefined ? certificate : { ...certificate, predecessor: former.fingerprint }
      await transaction.insertInto('connector_certificate').values(fromCertificate(next)).execute()
      await alongWith(former, hideTransaction(transaction))
    })
  }

  async listAllCertificates(endedAfterMs: number): Promise<readonly ConnectorCertificate[]> {
    const rows = await this.#db
      .selectFrom('connector_certificate')
      .selectAll()
      .where('not_after', '>', endedAfterMs)
      .orderBy('issued_at')
      .execute()
    return rows.map(toCertificate)
  }

  async findCertificate(fingerprint: string): Promise<ConnectorCertificate | undefined> {
    const row = await this.#db
      .selectFrom('connector_certificate')
      .selectAll()
      .where('fingerprint', '=', fingerprint)
      .executeTakeFirst()
    return row && toCertificate(row)
  }

  async listCertificates(subaccountId: string): Promise<readonly ConnectorCertificate[]> {
    const rows = await this.#db
      .selectFrom('connector_certificate')
      .selectAll()
      .where('subaccount_id', '=', subaccountId)
      .orderBy('issued_at', 'desc')
      .execute()
    return rows.map(toCertificate)
  }

  async listRevoked(nowMs: number): Promise<readonly { fingerprint: string; subaccountId: string }[]> {
    return this.#db
      .selectFrom('connector_certificate')
      .select(['fingerprint', 'subaccount_id as subaccountId'])
      .where('revoked_at', 'is not', null)
      .where('not_after', '>', nowMs)
      .execute()
  }

  async revokeCertificates(
    target: RevocationTarget,
    reason: string,
    nowMs: number,
  ): Promise<readonly { fingerprint: string; subaccountId: string }[]> {
    let update = this.#db
      .updateTable('connector_certificate')
      .set({ revoked_at: nowMs, revoke_reason: reason })
      .where('revoked_at', 'is', null)
    if ('fingerprint' in target) update = update.where('fingerprint', '=', target.fingerprint)
    else {
      if ('connectorId' in target) update = update.where('connector_id', '=', target.connectorId)
      if (target.subaccountId !== undefined) update = update.where('subaccount_id', '=', target.subaccountId)
    }
    return update.returning(['fingerprint', 'subaccount_id as subaccountId']).execute()
  }

  async claimSession(candidate: ConnectorSession, nowMs: number): Promise<ClaimDecision> {
    return this.#db.transaction().execute(async (transaction) => {
      await this.#lockSubaccount(transaction, candidate.subaccountId)
      const rows = await transaction
        .selectFrom('connector_session')
        .selectAll()
        .where('subaccount_id', '=', candidate.subaccountId)
        .where('location_id', '=', candidate.locationId)
        .where('lease_until', '>', nowMs)
        .execute()
      const decision = decideClaim(rows.map(toSession), candidate)
      if (decision.kind === 'taken') return decision
      const replaced = decision.replaced.map((session) => session.sessionId)
      if (replaced.length > 0)
        await transaction.deleteFrom('connector_session').where('session_id', 'in', replaced).execute()
      await transaction.insertInto('connector_session').values(fromSession(candidate)).execute()
      return decision
    })
  }

  /** Claims of one subaccount follow one another. SQLite has one writer anyway. */
  async #lockSubaccount(transaction: Transaction<RegistryTables>, id: string): Promise<void> {
    const query = transaction.selectFrom('subaccount').select('id').where('id', '=', id)
    const row = await (this.#store.kind === 'postgres' ? query.forUpdate() : query).executeTakeFirst()
    if (row === undefined) throw new PlatformError('SUBACCOUNT_UNKNOWN', { subaccountId: id })
  }

  async renewSessions(replicaId: string, leaseUntilMs: number): Promise<readonly string[]> {
    const rows = await this.#db
      .updateTable('connector_session')
      .set({ lease_until: leaseUntilMs })
      .where('replica_id', '=', replicaId)
      .returning('session_id')
      .execute()
    return rows.map((row) => row.session_id)
  }

  async updateSession(sessionId: string, { connectorDescription, haRole }: ConnectorAbout): Promise<void> {
    await this.#db
      .updateTable('connector_session')
      .set({ connector_description: connectorDescription, ha_role: haRole })
      .where('session_id', '=', sessionId)
      .execute()
  }

  async removeSession(sessionId: string): Promise<boolean> {
    const deleted = await this.#db
      .deleteFrom('connector_session')
      .where('session_id', '=', sessionId)
      .executeTakeFirst()
    return deleted.numDeletedRows > 0n
  }

  async removeExpiredSessions(nowMs: number): Promise<readonly ConnectorSession[]> {
    const rows = await this.#db
      .deleteFrom('connector_session')
      .where('lease_until', '<=', nowMs)
      .returningAll()
      .execute()
    return rows.map(toSession)
  }

  async removeFormerSessions(replicaId: string): Promise<readonly ConnectorSession[]> {
    if (this.#store.kind !== 'sqlite') return []
    const rows = await this.#db
      .deleteFrom('connector_session')
      .where('replica_id', '!=', replicaId)
      .returningAll()
      .execute()
    return rows.map(toSession)
  }

  async listSessions(
    nowMs: number,
    place?: { subaccountId: string; locationId?: string },
  ): Promise<readonly ConnectorSession[]> {
    let query = this.#db.selectFrom('connector_session').selectAll().where('lease_until', '>', nowMs)
    if (place !== undefined) query = query.where('subaccount_id', '=', place.subaccountId)
    if (place?.locationId !== undefined) query = query.where('location_id', '=', place.locationId)
    const rows = await query.orderBy('connected_since').execute()
    return rows.map(toSession)
  }
}

/** The named predecessor, or the last good certificate of the same connector at the same place. */
async function formerCertificate(
  transaction: Transaction<RegistryTables>,
  { predecessor, subaccountId, connectorId, locationId }: ConnectorCertificate,
): Promise<ConnectorCertificate | undefined> {
  const query = transaction.selectFrom('connector_certificate').selectAll().where('subaccount_id', '=', subaccountId)
  const row = await (predecessor === undefined
    ? query
        .where('connector_id', '=', connectorId)
        .where('location_id', '=', locationId)
        .where('revoked_at', 'is', null)
        .orderBy('issued_at', 'desc')
        .limit(1)
    : query.where('fingerprint', '=', predecessor)
  ).executeTakeFirst()
  return row && toCertificate(row)
}
