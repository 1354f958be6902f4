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
    const { id, subaccountId, userId, expiresAtMs } = code
    const parts = [id, subaccountId, userId].map(shortened)
    return this.#store.sealer.seal([...parts, expiresAtMs.toString(36)].join(' '), purpose)
  }

  read(text: string): PairingCode | undefined {
    try {
      // We wrote it.
      const [id = '', subaccountId = '', userId = '', until = ''] = this.#store.sealer.open(text, purpose).split(' ')
      const [first, second, third] = [id, subaccountId, userId].map(restored)
      return {
        id: first ?? '',
        subaccountId: second ?? '',
        userId: third ?? '',
        expiresAtMs: Number.parseInt(until, 36),
      }
    } catch {
      return undefined
    }
  }

  use({ id, expiresAtMs }: PairingCode): Promise<boolean> {
    return this.#used.claim(`${purpose}:${id}`, expiresAtMs)
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** People carry codes from one window to another: UUIDs in 22 characters instead of 36. */
function shortened(id: string): string {
  return uuid.test(id) ? `.${Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')}` : id
}

function restored(id: string): string {
  if (!id.startsWith('.')) return id
  const hex = Buffer.from(id.slice(1), 'base64url').toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
