import { createHash } from 'node:crypto'
import type { AuditCategory, AuditEntry, AuditEvent } from '@landbridge/connector'
import type { Kysely, Transaction } from 'kysely'
import type { ConnectorTables } from './tables.ts'

type AuditRow = ConnectorTables['connector_audit']

/** The end of the chain: where the next entry is appended. */
export interface AuditTip {
  readonly sequence: number
  readonly hash: string
}

const origin: AuditTip = { sequence: 0, hash: '' }

export async function readTip(db: Kysely<ConnectorTables>): Promise<AuditTip> {
  const last = await db
    .selectFrom('connector_audit')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  return last ?? origin
}

/** Appends one entry in the transaction of the change that it tells of. */
export async function appendAudit(
  db: Transaction<ConnectorTables>,
  tip: AuditTip,
  atMs: number,
  actor: string,
  event: AuditEvent,
): Promise<AuditTip> {
  const row = {
    sequence: tip.sequence + 1,
    at_ms: atMs,
    actor,
    category: event.category,
    action: event.action,
    subaccount: event.subaccount ?? '',
    object: event.object,
    details: JSON.stringify(event.details ?? {}),
  }
  const hash = hashOf(tip.hash, row)
  await db
    .insertInto('connector_audit')
    .values({ ...row, hash })
    .execute()
  return { sequence: row.sequence, hash }
}

/** Entries in the order of their sequence, the newest `limit` of those below `before`; of some subaccounts, or of all. */
export async function readAudit(
  db: Kysely<ConnectorTables>,
  limit: number,
  before = Number.MAX_SAFE_INTEGER,
  subaccounts?: readonly string[],
): Promise<readonly AuditEntry[]> {
  const newest = db.selectFrom('connector_audit').selectAll().where('sequence', '<', before)
  const wanted = subaccounts === undefined ? newest : newest.where('subaccount', 'in', [...subaccounts])
  const rows = await wanted.orderBy('sequence', 'desc').limit(limit).execute()
  return rows.reverse().map(toEntry)
}

/** The oldest `limit` entries above `after`, in the order of their sequence. */
export async function readAuditAfter(
  db: Kysely<ConnectorTables>,
  after: number,
  limit: number,
): Promise<readonly AuditEntry[]> {
  const rows = await db
    .selectFrom('connector_audit')
    .selectAll()
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute()
  return rows.map(toEntry)
}

/** Recomputes the chain. Returns the sequence of the first entry that was changed, moved or removed, if any. */
export async function findBrokenLink(db: Kysely<ConnectorTables>): Promise<number | undefined> {
  let tip = origin
  for (;;) {
    const rows = await db
      .selectFrom('connector_audit')
      .selectAll()
      .where('sequence', '>', tip.sequence)
      .orderBy('sequence')
      .limit(1_000)
      .execute()
    if (rows.length === 0) return undefined
    for (const { hash, ...row } of rows) {
      if (row.sequence !== tip.sequence + 1 || hashOf(tip.hash, row) !== hash) return tip.sequence + 1
      tip = { sequence: row.sequence, hash }
    }
  }
}

function hashOf(previous: string, row: Omit<AuditRow, 'hash'>): string {
  const { sequence, at_ms, actor, category, action, subaccount, object, details } = row
  const text = JSON.stringify([previous, sequence, at_ms, actor, category, action, subaccount, object, details])
  return createHash('sha256').update(text).digest('hex')
}

function toEntry(row: AuditRow): AuditEntry {
  return {
    sequence: row.sequence,
    atMs: row.at_ms,
    actor: row.actor,
    category: row.category as AuditCategory,
    action: row.action as AuditEntry['action'],
    object: row.object,
    ...(row.subaccount === '' ? {} : { subaccount: row.subaccount }),
    details: JSON.parse(row.details),
  }
}
