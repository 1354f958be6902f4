import type { PairingCode, PairingCodes } from '@landbridge/registry'
import type { Store } from '../base/open.ts'
import { SqlSingleUse } from '../identity/single-use-store.ts'
import type { IdentityTables } from '../identity/tables.ts'

const purpose = 'pairing-code'

/** Codes that carry what they stand for, sealed; the database only remembers which ones were used. */
export class SealedPairingCodes implements PairingCodes {
  readonly #store: Store<IdentityTables>
  readonly #used: SqlSingleUse

  constructor(store: Store<IdentityTables>) {
    this.#store = store
    this.#used = new SqlSingleUse(store)
  }

  write(code: PairingCode): string {
    return this.#store.sealer.seal(JSON.stringify(code), purpose)
  }

  read(text: string): PairingCode | undefined {
    try {
      return JSON.parse(this.#store.sealer.open(text, purpose)) as PairingCode // we wrote it
    } catch {
      return undefined
    }
  }

  use({ id, expiresAtMs }: PairingCode): Promise<boolean> {
    return this.#used.claim(`${purpose}:${id}`, expiresAtMs)
  }
}
