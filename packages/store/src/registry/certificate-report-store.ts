import type { CertificateReport, CertificateReportStore } from '@landbridge/registry'
import { sql } from 'kysely'
import type { Store } from '../base/open.ts'
import type { RegistryTables } from './tables.ts'

/** What connectors report of their own certificates, in SQL. A report goes with the last good certificate of its connector. */
export class SqlCertificateReports implements CertificateReportStore {
  readonly #store: Store<RegistryTables>

  constructor(store: Store<RegistryTables>) {
    this.#store = store
  }

  async putCertificateReport(report: CertificateReport): Promise<void> {
    const values = {
      location_id: report.locationId,
      certificates: JSON.stringify(report.certificates),
      omitted: report.omitted,
      reported_at: report.reportedAtMs,
    }
    const { subaccountId: subaccount_id, connectorId: connector_id } = report
    await this.#store.db
      .insertInto('connector_certificate_report')
      .values({ subaccount_id, connector_id, ...values })
      .onConflict((conflict) => conflict.columns(['subaccount_id', 'connector_id']).doUpdateSet(values))
      .execute()
  }

  async listCertificateReports(endedAfterMs: number): Promise<readonly CertificateReport[]> {
    // Here, where somebody looks: nothing else asks for them, and there is one per connector at most.
    await this.#store.db
      .deleteFrom('connector_certificate_report')
      .where((is) =>
        is.not(
          is.exists(
            is
              .selectFrom('connector_certificate')
              .select(sql`1`.as('one'))
              .whereRef('connector_certificate.subaccount_id', '=', 'connector_certificate_report.subaccount_id')
              .whereRef('connector_certificate.connector_id', '=', 'connector_certificate_report.connector_id')
              .where('connector_certificate.revoked_at', 'is', null)
              .where('connector_certificate.not_after', '>', endedAfterMs),
          ),
        ),
      )
      .execute()
    const rows = await this.#store.db.selectFrom('connector_certificate_report').selectAll().execute()
    return rows.map((row) => ({
      subaccountId: row.subaccount_id,
      connectorId: row.connector_id,
      locationId: row.location_id,
      certificates: JSON.parse(row.certificates),
      omitted: Number(row.omitted),
      reportedAtMs: Number(row.reported_at),
    }))
  }
}
