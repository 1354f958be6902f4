import type { SigningAlgorithm, SigningKey, SigningKeyStore } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import { isDuplicate, toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import { sealedColumns } from '../sealed/sealed-columns.ts'
import type { IdentityTables, SigningKeyRow } from './tables.ts'

/** Signing keys in the database, private parts sealed. */
export class SqlSigningKeyStore implements SigningKeyStore {
  readonly #store: Store<IdentityTables>

  constructor(store: Store<IdentityTables>) {
    this.#store = store
  }

  async list(): Promise<readonly SigningKey[]> {
    try {
      const rows = await this.#store.db.selectFrom('identity_signing_key').selectAll().orderBy('generation').execute()
      return rows.map((row) => this.#toKey(row))
    } catch (failure) {
      throw toStoreError(failure)
    }
  }

  async add(key: SigningKey): Promise<boolean> {
    const row = {
      generation: key.generation,
      key_id: key.keyId,
      algorithm: key.algorithm,
      private_key: this.#store.sealer.seal(key.privateKey.reveal(), sealedColumns.signingKey.context(key.keyId)),
      created_at: key.createdAtMs,
      active_from: key.activeFromMs,
    }
    try {
      await this.#store.db.insertInto('identity_signing_key').values(row).execute()
      return true
    } catch (failure) {
      if (isDuplicate(failure)) return false
      throw toStoreError(failure)
    }
  }

  async retire(keyId: string): Promise<void> {
    try {
      await this.#store.db.deleteFrom('identity_signing_key').where('key_id', '=', keyId).execute()
    } catch (failure) {
      throw toStoreError(failure)
    }
  }

  #toKey(row: SigningKeyRow): SigningKey {
    return {
      keyId: row.key_id,
      generation: row.generation,
      // Only `add` writes this column.
      algorithm: row.algorithm as SigningAlgorithm,
      privateKey: new Secret(this.#store.sealer.open(row.private_key, sealedColumns.signingKey.context(row.key_id))),
      createdAtMs: row.created_at,
      activeFromMs: row.active_from,
    }
  }
}
