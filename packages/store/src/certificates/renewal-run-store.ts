import type { HeldRun, RenewalRunRecord, RenewalRuns, RunOutcome, Transaction } from '@landbridge/certificates'
import type { Kysely } from 'kysely'
import type { Store } from '../base/open.ts'
import { hideTransaction } from '../base/transaction.ts'
import type { CertificateTables, RenewalRunRow } from './tables.ts'

/** Thrown to undo a step; never leaves this file. */
class Undone {
  readonly why: 'nothing' | 'repeated'

  constructor(why: 'nothing' | 'repeated') {
    this.why = why
  }
}

/** Renewal runs in SQL: a lease per run, and one row per certificate that the run dealt with. */
export class SqlRenewalRuns implements RenewalRuns {
  readonly #store: Store<CertificateTables>

  constructor(store: Store<CertificateTables>) {
    this.#store = store
  }

  async claim(run: HeldRun, leaseUntilMs: number): Promise<HeldRun | undefined> {
    const nowMs = this.#store.clock.now()
    const { id, atMs, holder } = run
    const { numInsertedOrUpdatedRows } = await this.#store.db
      .insertInto('renewal_runs')
      .values({
        id,
        at_ms: atMs,
        state: 'running',
        holder,
        lease_until_ms: leaseUntilMs,
        started_at_ms: nowMs,
        finished_at_ms: null,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows === 1n) return run
    const taken = await this.#store.db
      .updateTable('renewal_runs')
      .set({ holder, lease_until_ms: leaseUntilMs })
      .where('id', '=', id)
      .where('state', '=', 'running')
      .where((eb) => eb.or([eb('lease_until_ms', '<=', nowMs), eb('holder', '=', holder)]))
      .returning('at_ms')
      .executeTakeFirst()
    return taken === undefined ? undefined : { id, holder, atMs: taken.at_ms }
  }

  async step(
    run: HeldRun,
    leaseUntilMs: number,
    outcome: RunOutcome,
    work: (within: Transaction) => Promise<boolean>,
  ): Promise<'done' | 'nothing' | 'lost' | 'repeated'> {
    try {
      return await this.#store.db.transaction().execute(async (transaction) => {
        if (!(await this.#extend(transaction, run, leaseUntilMs))) return 'lost'
        await this.#note(transaction, run, outcome)
        if (!(await work(hideTransaction(transaction)))) throw new Undone('nothing')
        return 'done'
      })
    } catch (thrown) {
      if (thrown instanceof Undone) return thrown.why
      throw thrown
    }
  }

  async finish({ id, holder }: HeldRun): Promise<void> {
    await this.#store.db
      .updateTable('renewal_runs')
      .set({ state: 'finished', finished_at_ms: this.#store.clock.now() })
      .where('id', '=', id)
      .where('holder', '=', holder)
      .execute()
  }

  async find(id: string): Promise<RenewalRunRecord | undefined> {
    const row = await this.#store.db.selectFrom('renewal_runs').selectAll().where('id', '=', id).executeTakeFirst()
    return row && fromRow(row)
  }

  async outcomes(id: string): Promise<readonly RunOutcome[]> {
    const rows = await this.#store.db
      .selectFrom('renewal_outcomes')
      .select('json')
      .where('run_id', '=', id)
      .orderBy('recorded_at_ms')
      .orderBy('certificate')
      .execute()
    return rows.map((row) => JSON.parse(row.json) as RunOutcome) // `#note` wrote it
  }

  async list(limit: number): Promise<readonly RenewalRunRecord[]> {
    const rows = await this.#store.db
      .selectFrom('renewal_runs')
      .selectAll()
      .orderBy('started_at_ms', 'desc')
      .orderBy('id')
      .limit(limit)
      .execute()
    return rows.map(fromRow)
  }

  /** Also locks the row until the end of the transaction: two holders cannot be inside at the same time. */
  async #extend(db: Kysely<CertificateTables>, { id, holder }: HeldRun, leaseUntilMs: number): Promise<boolean> {
    const { numUpdatedRows } = await db
      .updateTable('renewal_runs')
      .set({ lease_until_ms: leaseUntilMs })
      .where('id', '=', id)
      .where('holder', '=', holder)
      .where('state', '=', 'running')
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async #note(db: Kysely<CertificateTables>, { id }: HeldRun, outcome: RunOutcome): Promise<void> {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('renewal_outcomes')
      .values({
        run_id: id,
        certificate: outcome.certificate,
        json: JSON.stringify(outcome),
        recorded_at_ms: this.#store.clock.now(),
      })
      .onConflict((conflict) => conflict.columns(['run_id', 'certificate']).doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows !== 1n) throw new Undone('repeated')
  }
}

function fromRow(row: RenewalRunRow): RenewalRunRecord {
  return {
    id: row.id,
    atMs: row.at_ms,
    state: row.state === 'finished' ? 'finished' : 'running',
    holder: row.holder,
    startedAtMs: row.started_at_ms,
    ...(row.finished_at_ms === null ? {} : { finishedAtMs: row.finished_at_ms }),
  }
}
