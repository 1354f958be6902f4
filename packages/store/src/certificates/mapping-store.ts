import type {
  ApplicablePattern,
  CertificateMapping,
  CommunicationUser,
  ExactMapping,
  MappingRepository,
  MappingSearch,
  PatternMapping,
  TrustedIssuer,
} from '@landbridge/certificates'
import { PlatformError } from '@landbridge/kernel'
import { type Kysely, sql, type Transaction } from 'kysely'
import { isDuplicate, toStoreError } from '../base/errors.ts'
import type { Store } from '../base/open.ts'
import type { RegistryTables } from '../registry/tables.ts'
import {
  fromIssuer,
  fromMapping,
  fromUser,
  type IssuerRow,
  toExact,
  toIssuer,
  toMapping,
  toPattern,
  toUser,
} from './mapping-rows.ts'
import type { MappingTables } from './mapping-tables.ts'

/** Subaccounts are the registry's: this reads and locks their rows, and no more. */
type Tables = MappingTables & Pick<RegistryTables, 'subaccount'>

/** Communication users and certificate mappings in SQL, read anew for every question. */
export class SqlMappingStore implements MappingRepository {
  readonly #db: Kysely<Tables>
  readonly #isPostgres: boolean

  /** @param store of the database with the tables of certificates and of the registry */
  // biome-ignore lint/suspicious/noExplicitAny: whatever else the database holds makes no difference
  constructor(store: Store<any>) {
    this.#db = store.db
    this.#isPostgres = store.kind === 'postgres'
  }

  async insertUser(user: CommunicationUser): Promise<void> {
    try {
      await this.#db.transaction().execute(async (transaction) => {
        await this.#lockSubaccount(transaction, user.subaccountId)
        await transaction.insertInto('communication_users').values(fromUser(user)).execute()
      })
    } catch (cause) {
      throw isDuplicate(cause)
        ? new PlatformError('COMMUNICATION_USER_TAKEN', { user: user.name }, { cause })
        : toStoreError(cause)
    }
  }

  async updateUser(user: CommunicationUser): Promise<void> {
    const { id, ...changes } = fromUser(user)
    await this.#db.updateTable('communication_users').set(changes).where('id', '=', id).execute()
  }

  async findUser(subaccountId: string, name: string): Promise<CommunicationUser | undefined> {
    const row = await this.#db
      .selectFrom('communication_users')
      .selectAll()
      .where('subaccount_id', '=', subaccountId)
      .where('name_key', '=', name.toLowerCase())
      .executeTakeFirst()
    return row && toUser(row)
  }

  async findUserById(id: string): Promise<CommunicationUser | undefined> {
    const row = await this.#db.selectFrom('communication_users').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toUser(row)
  }

  async listUsers(subaccountId: string): Promise<readonly CommunicationUser[]> {
    const rows = await this.#db
      .selectFrom('communication_users')
      .selectAll()
      .where('subaccount_id', '=', subaccountId)
      .orderBy('name_key')
      .execute()
    return rows.map(toUser)
  }

  async deleteUser(subaccountId: string, name: string): Promise<boolean> {
    const deleted = await this.#db
      .deleteFrom('communication_users')
      .where('subaccount_id', '=', subaccountId)
      .where('name_key', '=', name.toLowerCase())
      .executeTakeFirst()
    return deleted.numDeletedRows > 0n
  }

  async insertIssuer(issuer: TrustedIssuer): Promise<void> {
    await this.#db
      .insertInto('trusted_issuers')
      .values(fromIssuer(issuer))
      .onConflict((conflict) => conflict.column('fingerprint').doNothing())
      .execute()
  }

  async findIssuer(fingerprint: string): Promise<TrustedIssuer | undefined> {
    const row = await this.#issuers().where('fingerprint', '=', fingerprint).executeTakeFirst()
    return row && toIssuer(row)
  }

  async listIssuers(): Promise<readonly TrustedIssuer[]> {
    return (await this.#issuers().orderBy('subject').orderBy('fingerprint').execute()).map(toIssuer)
  }

  async deleteIssuer(fingerprint: string): Promise<boolean> {
    return this.#db.transaction().execute(async (transaction) => {
      const locked = await transaction
        .selectFrom('trusted_issuers')
        .select('fingerprint')
        .where('fingerprint', '=', fingerprint)
        .$if(this.#isPostgres, (query) => query.forUpdate())
        .executeTakeFirst()
      if (locked === undefined) return false
      const used = await transaction
        .selectFrom('certificate_mappings')
        .select('id')
        .where('issuer_fingerprint', '=', fingerprint)
        .executeTakeFirst()
      if (used !== undefined) throw new PlatformError('CERTIFICATE_ISSUER_IN_USE', { fingerprint })
      await transaction.deleteFrom('trusted_issuers').where('fingerprint', '=', fingerprint).execute()
      return true
    })
  }

  async putExact(mapping: ExactMapping): Promise<ExactMapping> {
    // The one that is in the way may be deleted before it is read: then there is room again.
    for (let attempt = 1; ; attempt++) {
      const { numInsertedOrUpdatedRows: inserted } = await this.#db
        .insertInto('certificate_mappings')
        .values(fromMapping(mapping))
        .onConflict((conflict) => conflict.columns(['subaccount_id', 'fingerprint']).doNothing())
        .executeTakeFirstOrThrow()
        .catch((cause: unknown) => {
          throw toStoreError(cause)
        })
      if (inserted === 1n) return mapping
      const present = await this.findExact(mapping.subaccountId, mapping.fingerprint)
      if (present !== undefined) return present
      if (attempt === 10) throw new PlatformError('STORE_FAILED')
    }
  }

  async putPattern(
    mapping: PatternMapping,
    decide: (others: readonly PatternMapping[]) => PatternMapping | undefined,
  ): Promise<PatternMapping> {
    return this.#db.transaction().execute(async (transaction) => {
      // No constraint knows when two patterns overlap, so patterns of one subaccount are made one after the other.
      await this.#lockSubaccount(transaction, mapping.subaccountId)
      const rows = await mappings(transaction)
        .where('m.subaccount_id', '=', mapping.subaccountId)
        .where('m.fingerprint', 'is', null)
        .execute()
      const present = decide(rows.map(toPattern))
      if (present !== undefined) return present
      await transaction.insertInto('certificate_mappings').values(fromMapping(mapping)).execute()
      return mapping
    })
  }

  async find(subaccountId: string, id: string): Promise<CertificateMapping | undefined> {
    const row = await mappings(this.#db)
      .where('m.subaccount_id', '=', subaccountId)
      .where('m.id', '=', id)
      .executeTakeFirst()
    return row && toMapping(row)
  }

  async search(subaccountId: string, search: MappingSearch): Promise<readonly CertificateMapping[]> {
    let query = mappings(this.#db).where('m.subaccount_id', '=', subaccountId)
    const { fingerprint, subject, user } = search
    if (fingerprint !== undefined) query = query.where('m.fingerprint', 'like', `${fingerprint}%`)
    if (subject !== undefined) query = query.where(containsText(subject.toLowerCase()))
    if (user !== undefined) query = query.where('u.name_key', '=', user.toLowerCase())
    return (await query.orderBy('u.name_key').orderBy('m.created_at_ms').orderBy('m.id').execute()).map(toMapping)
  }

  async delete(subaccountId: string, id: string): Promise<boolean> {
    const deleted = await this.#db
      .deleteFrom('certificate_mappings')
      .where('subaccount_id', '=', subaccountId)
      .where('id', '=', id)
      .executeTakeFirst()
    return deleted.numDeletedRows > 0n
  }

  async listExact(): Promise<readonly ExactMapping[]> {
    const rows = await mappings(this.#db).where('m.fingerprint', 'is not', null).orderBy('m.id').execute()
    return rows.map(toExact)
  }

  async findExact(subaccountId: string, fingerprint: string): Promise<ExactMapping | undefined> {
    const row = await mappings(this.#db)
      .where('m.subaccount_id', '=', subaccountId)
      .where('m.fingerprint', '=', fingerprint)
      .executeTakeFirst()
    return row && toExact(row)
  }

  async findPatterns(subaccountId: string, issuer: string): Promise<readonly ApplicablePattern[]> {
    const rows = await mappings(this.#db)
      .where('m.subaccount_id', '=', subaccountId)
      .where('m.issuer', '=', issuer)
      .where('m.fingerprint', 'is', null)
      .execute()
    if (rows.length === 0) return []
    const issuers = new Map((await this.#issuers().where('subject', '=', issuer).execute()).map(byFingerprint))
    const users = new Map((await this.listUsers(subaccountId)).map((user) => [user.id, user]))
    return rows.flatMap((row) => {
      const mapping = toPattern(row)
      const [trusted, user] = [issuers.get(mapping.issuerFingerprint), users.get(mapping.userId)]
      return trusted === undefined || user === undefined ? [] : [{ mapping, issuer: trusted, user }]
    })
  }

  async isAssigned(fingerprint: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom('certificate_mappings')
      .select('id')
      .where('fingerprint', '=', fingerprint)
      .executeTakeFirst()
    return row !== undefined
  }

  #issuers() {
    return this.#db.selectFrom('trusted_issuers').selectAll()
  }

  /** SQLite has one writer anyway. */
  async #lockSubaccount(transaction: Transaction<Tables>, id: string): Promise<void> {
    const row = await transaction
      .selectFrom('subaccount')
      .select('id')
      .where('id', '=', id)
      .$if(this.#isPostgres, (query) => query.forUpdate())
      .executeTakeFirst()
    if (row === undefined) throw new PlatformError('SUBACCOUNT_UNKNOWN', { subaccountId: id })
  }
}

function mappings(db: Kysely<Tables>) {
  return db
    .selectFrom('certificate_mappings as m')
    .innerJoin('communication_users as u', 'u.id', 'm.user_id')
    .selectAll('m')
    .select('u.name as user_name')
}

/** With the characters that LIKE gives a meaning taken as they are. */
function containsText(text: string) {
  const pattern = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  return sql<boolean>`m.subject_key LIKE ${pattern} ESCAPE '\\'`
}

function byFingerprint(row: IssuerRow): [string, TrustedIssuer] {
  return [row.fingerprint, toIssuer(row)]
}
