import type { CertificateEvent, EventRecorder, Transaction } from '@landbridge/certificates'
import type { Clock } from '@landbridge/kernel'
import { tablesWithin } from '../base/transaction.ts'
import type { CertificateTables } from './tables.ts'

/** The outbox in SQL. */
export class SqlEventRecorder implements EventRecorder {
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async record(event: CertificateEvent, within: Transaction): Promise<void> {
    await tablesWithin<CertificateTables>(within)
      .insertInto('certificate_events')
      .values({ id: event.id, json: JSON.stringify(event), recorded_at_ms: this.#clock.now() })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  }
}
