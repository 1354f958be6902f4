import type { AuthorityStore, KeptAuthority, Level } from '@landbridge/destinations'
import { isPlatformError } from '@landbridge/kernel'
import type { Store } from '../base/open.ts'
import { LevelEntries } from './level-entries.ts'
import type { DestinationTables } from './tables.ts'

/** The authority belongs to the installation: no subaccount has an empty ID. */
const level: Level = { kind: 'subaccount', subaccountId: '', instanceId: '' }

/** An authority of generated certificates in SQL, sealed: that of destinations unless another is named. */
export class SqlAuthorityStore implements AuthorityStore {
  readonly #entries: LevelEntries

  readonly #name: string

  constructor(store: Store<DestinationTables>, name = 'generated-certificates') {
    this.#name = name
    this.#entries = new LevelEntries(store, 'authority')
  }

  async find(): Promise<KeptAuthority | undefined> {
    const row = await this.#entries.find(level, this.#name)
    return row === undefined ? undefined : (this.#entries.content(row) as KeptAuthority) // replace wrote it
  }

  async replace(next: KeptAuthority, former: KeptAuthority | undefined): Promise<boolean> {
    if (former !== undefined) return this.#exchange(next, former)
    try {
      await this.#entries.create(level, this.#name, { content: next })
      return true
    } catch (failure) {
      if (isPlatformError(failure, 'DESTINATION_DUPLICATE')) return false
      throw failure
    }
  }

  async #exchange(next: KeptAuthority, former: KeptAuthority): Promise<boolean> {
    const row = await this.#entries.find(level, this.#name)
    if (row === undefined || (this.#entries.content(row) as KeptAuthority).certificate !== former.certificate)
      return false
    return (await this.#entries.replace(level, this.#name, { content: next }, row.etag)) !== undefined
  }
}
