import type { SingleUse } from '@landbridge/identity'
import { isDuplicate, toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import type { IdentityTables } from './tables.ts'

/** What was used once, shared by all replicas: the primary key decides who was first. */
export class SqlSingleUse implements SingleUse {
  readonly #store: Store<IdentityTables>

  constructor(store: Store<IdentityTables>) {
    this.#store = store
  }

  async claim(id: string, untilMs: number): Promise<boolean> {
    const { db, clock } = this.#store
    try {
      await db.deleteFrom('identity_single_use').where('until_time', '<', clock.now()).execute()
      await db.insertInto('identity_single_use').values({ id, until_time: untilMs }).execute()
      return true
    } catch (failure) {
      if (isDuplicate(failure)) return false
      throw toStoreError(failure)
    }
  }
}
