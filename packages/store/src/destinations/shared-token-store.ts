import type { SharedToken, SharedTokenStore } from '@landbridge/destinations'
import type { Store } from '../base/open.ts'
import { sealedColumns } from '../sealed/sealed-columns.ts'
import { run } from './rows.ts'
import type { DestinationTables } from './tables.ts'

const sweepPeriodMs = 60_000

/** Tokens for the other replicas in SQL, sealed, until they expire. */
export class SqlSharedTokenStore implements SharedTokenStore {
  readonly #store: Store<DestinationTables>
  #sweptAtMs: number

  constructor(store: Store<DestinationTables>) {
    this.#store = store
    this.#sweptAtMs = Number.NEGATIVE_INFINITY
  }

  async find(key: string): Promise<SharedToken | undefined> {
    const { db, sealer, clock } = this.#store
    const query = db.selectFrom('destination_token').select(['token', 'renew_at']).where('key', '=', key)
    const row = await run(query.where('expires_at', '>', clock.now()).executeTakeFirst())
    if (row === undefined || row.token === null) return undefined
    // Only `keep` writes the column, and nobody else can seal.
    return {
      token: JSON.parse(sealer.open(row.token, sealedColumns.sharedToken.context(key))),
      renewAtMs: row.renew_at,
    }
  }

  async claim(key: string, untilMs: number): Promise<boolean> {
    const { db, clock } = this.#store
    const query = db
      .insertInto('destination_token')
      .values({ key, token: null, renew_at: 0, expires_at: untilMs, claimed_until: untilMs })
      .onConflict((conflict) =>
        conflict
          .column('key')
          .doUpdateSet({ claimed_until: untilMs })
          .where('destination_token.claimed_until', '<=', clock.now()),
      )
      .returning('key')
    return (await run(query.execute())).length > 0
  }

  async keep(key: string, { token, renewAtMs }: SharedToken): Promise<void> {
    const { db, sealer } = this.#store
    const row = {
      token: sealer.seal(JSON.stringify(token), sealedColumns.sharedToken.context(key)),
      renew_at: Math.floor(renewAtMs),
      expires_at: Math.floor(token.expiresAtMs ?? renewAtMs),
      claimed_until: 0,
    }
    const query = db
      .insertInto('destination_token')
      .values({ key, ...row })
      .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
    await run(query.execute())
    await this.#sweep()
  }

  async release(key: string): Promise<void> {
    await run(
      this.#store.db.updateTable('destination_token').set({ claimed_until: 0 }).where('key', '=', key).execute(),
    )
  }

  /** Nobody can use what has expired, so it need not lie in backups either. */
  async #sweep(): Promise<void> {
    const { db, clock } = this.#store
    const nowMs = clock.now()
    if (nowMs - this.#sweptAtMs < sweepPeriodMs) return
    this.#sweptAtMs = nowMs
    const expired = db.deleteFrom('destination_token').where('expires_at', '<=', nowMs)
    await run(expired.where('claimed_until', '<=', nowMs).execute())
  }
}
