import type { TrustCertificate, TrustKeyPair, TrustRole, TrustStore } from '@landbridge/destinations'
import { Secret } from '@landbridge/kernel'
import { toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import { sealedColumns } from '../sealed/sealed-columns.ts'
import type { DestinationTables } from './tables.ts'

/** Trust key pairs in SQL, one row per subaccount: the roles are its columns, so that swapping is one statement. */
export class SqlTrustStore implements TrustStore {
  readonly #store: Store<DestinationTables>

  constructor(store: Store<DestinationTables>) {
    this.#store = store
  }

  async find(subaccountId: string, role: TrustRole): Promise<TrustKeyPair | undefined> {
    const row = await run(
      this.#store.db
        .selectFrom('destination_trust')
        .selectAll()
        .where('subaccount_id', '=', subaccountId)
        .executeTakeFirst(),
    )
    const sealed = row?.[`${role}_pair`] ?? null
    return sealed === null ? undefined : this.#open(sealed, subaccountId)
  }

  async certificates(): Promise<readonly TrustCertificate[]> {
    const rows = await run(this.#store.db.selectFrom('destination_trust').selectAll().execute())
    return rows.flatMap((row) =>
      (['active', 'passive'] as const).flatMap((role) => {
        const sealed = row[`${role}_pair`]
        if (sealed === null) return []
        const { certificate } = this.#open(sealed, row.subaccount_id)
        return [{ subaccountId: row.subaccount_id, role, certificate }]
      }),
    )
  }

  async save(subaccountId: string, role: TrustRole, pair: TrustKeyPair): Promise<void> {
    const text = JSON.stringify([pair.certificate, pair.privateKey.reveal()])
    const content = {
      [`${role}_pair`]: this.#store.sealer.seal(text, sealedColumns.activeTrust.context(subaccountId)),
      modified_at: this.#store.clock.now(),
    }
    const empty = { subaccount_id: subaccountId, active_pair: null, passive_pair: null, modified_at: 0 }
    await run(
      this.#store.db
        .insertInto('destination_trust')
        .values({ ...empty, ...content })
        .onConflict((conflict) => conflict.column('subaccount_id').doUpdateSet(content))
        .execute(),
    )
  }

  async removePassive(subaccountId: string): Promise<boolean> {
    const { numUpdatedRows } = await run(
      this.#store.db
        .updateTable('destination_trust')
        .set({ passive_pair: null, modified_at: this.#store.clock.now() })
        .where('subaccount_id', '=', subaccountId)
        .where('passive_pair', 'is not', null)
        .executeTakeFirstOrThrow(),
    )
    return numUpdatedRows > 0n
  }

  async swap(subaccountId: string): Promise<boolean> {
    const { numUpdatedRows } = await run(
      this.#store.db
        .updateTable('destination_trust')
        // SQL reads every old value before it writes one.
        .set((row) => ({
          active_pair: row.ref('passive_pair'),
          passive_pair: row.ref('active_pair'),
          modified_at: this.#store.clock.now(),
        }))
        .where('subaccount_id', '=', subaccountId)
        .where('active_pair', 'is not', null)
        .where('passive_pair', 'is not', null)
        .executeTakeFirstOrThrow(),
    )
    return numUpdatedRows > 0n
  }

  #open(sealed: string, subaccountId: string): TrustKeyPair {
    // `save` wrote it, and the seal proves it.
    const [certificate, privateKey] = JSON.parse(
      this.#store.sealer.open(sealed, sealedColumns.activeTrust.context(subaccountId)),
    ) as [string, string]
    return { certificate, privateKey: new Secret(privateKey) }
  }
}

/** Runs a statement; what a driver throws leaves here as a row of the error catalogue. */
async function run<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    throw toStoreError(thrown)
  }
}
