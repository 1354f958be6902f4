import type { CertificateEvent, EventOutbox, Transaction } from '@landbridge/certificates'
import type { Store } from '../base/open.ts'
import { tablesWithin } from '../base/transaction.ts'
import type { CertificateTables } from './tables.ts'

/** The outbox in SQL. */
export class SqlEventRecorder implements EventOutbox {
  readonly #store: Store<CertificateTables>

  constructor(store: Store<CertificateTables>) {
    this.#store = store
  }

  async record(event: CertificateEvent, within: Transaction): Promise<void> {
    await tablesWithin<CertificateTables>(within)
      .insertInto('certificate_events')
      .values({ id: event.id, json: JSON.stringify(event), recorded_at_ms: this.#store.clock.now() })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  }

  async has(eventId: string): Promise<boolean> {
    const row = await this.#store.db
      .selectFrom('certificate_events')
      .select('id')
      .where('id', '=', eventId)
      .executeTakeFirst()
    return row !== undefined
  }
}
