import type {
  CertificateFactsToKeep,
  CertificateGeneration,
  Label,
  Level,
  ManagedCertificateStore,
  Removal,
  StoredCertificate,
} from '@landbridge/destinations'
import type { Transaction } from '@landbridge/kernel'
import type { Store } from '../base/open.ts'
import { hideTransaction } from '../base/transaction.ts'
import { type EntryContent, LevelEntries } from './level-entries.ts'
import { labelsOf, levelOf } from './rows.ts'
import type { DestinationTables, LevelEntryRow } from './tables.ts'

interface Content {
  readonly base64: string
  readonly type?: string
  readonly generation?: CertificateGeneration
}

/** What belongs into the transaction of a renewal. */
export type CertificateRenewed = (
  before: StoredCertificate,
  after: StoredCertificate,
  within: Transaction,
) => Promise<void>

/** Certificates and key stores in SQL. */
export class SqlCertificateStore implements ManagedCertificateStore {
  readonly #entries: LevelEntries

  readonly #store: Store<DestinationTables>
  readonly #renewed: CertificateRenewed

  /** @param renewed told of every renewal, in its transaction */
  constructor(store: Store<DestinationTables>, renewed: CertificateRenewed = async () => {}) {
    this.#store = store
    this.#entries = new LevelEntries(store, 'certificate')
    this.#renewed = renewed
  }

  /** All certificates of all levels. */
  async all(): Promise<readonly (StoredCertificate & { readonly renewAtMs?: number })[]> {
    return (await this.#entries.all()).map((row) => ({
      ...this.#read(row),
      ...(row.renew_at === null ? {} : { renewAtMs: row.renew_at }),
    }))
  }

  async list(level: Level): Promise<readonly StoredCertificate[]> {
    return (await this.#entries.list(level)).map((row) => this.#read(row))
  }

  async find(level: Level, name: string): Promise<StoredCertificate | undefined> {
    return this.#optional(await this.#entries.find(level, name))
  }

  async create(level: Level, name: string, content: Buffer, facts: CertificateFactsToKeep = {}) {
    return this.#read(await this.#entries.create(level, name, entryOf(content, facts)))
  }

  async replace(level: Level, name: string, content: Buffer, facts: CertificateFactsToKeep = {}) {
    return this.#optional(await this.#entries.replace(level, name, entryOf(content, facts)))
  }

  async remove(level: Level, name: string): Promise<Removal> {
    return (await this.#entries.remove(level, [name])).size > 0 ? 'removed' : 'absent'
  }

  removeAll(level: Level, names: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#entries.remove(level, names)
  }

  changeLabels(level: Level, name: string, change: (labels: readonly Label[]) => readonly Label[]) {
    return this.#entries.changeLabels(level, name, change)
  }

  async dueForRenewal(nowMs: number): Promise<readonly StoredCertificate[]> {
    return (await this.#entries.inTime('renew_at', 0, nowMs)).map((row) => this.#read(row))
  }

  async ending(fromMs: number, toMs: number) {
    const rows = await this.#entries.inTime('expires_at', fromMs, toMs)
    return rows
      .filter((row) => row.renew_at === null)
      .map((row) => ({ level: levelOf(row), name: row.name, expiresAtMs: row.expires_at ?? 0 }))
  }

  async renew(certificate: StoredCertificate, content: Buffer, facts: CertificateFactsToKeep) {
    const { level, name, etag } = certificate
    return this.#store.db.transaction().execute(async (db) => {
      const entries = new LevelEntries({ ...this.#store, db }, 'certificate')
      if ((await entries.replace(level, name, entryOf(content, facts), etag)) === undefined) return false
      await this.#renewed(certificate, { ...certificate, content }, hideTransaction(db))
      return true
    })
  }

  #optional(row: LevelEntryRow | undefined): StoredCertificate | undefined {
    return row === undefined ? undefined : this.#read(row)
  }

  #read(row: LevelEntryRow): StoredCertificate {
    const { base64, ...facts } = this.#entries.content(row) as Content // entryOf wrote it, and the seal proves it
    return {
      level: levelOf(row),
      name: row.name,
      content: Buffer.from(base64, 'base64'),
      ...facts,
      labels: labelsOf(row),
      etag: row.etag,
      modifiedAtMs: row.modified_at,
    }
  }
}

function entryOf(content: Buffer, facts: CertificateFactsToKeep): EntryContent {
  const { renewAtMs, expiresAtMs, ...rest } = facts
  const kept: Content = { base64: content.toString('base64'), ...rest }
  return {
    content: kept,
    ...(renewAtMs === undefined ? {} : { renewAtMs }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  }
}
