import type { AuditEntry, AuditEvent } from '@landbridge/connector'

/** The part of the store that shows and extends the audit trail besides changes of the configuration. */
export interface AuditTrail {
  /** The newest entries below a sequence number, oldest first; of some subaccounts ('' for none), or of all. */
  audit(limit: number, before?: number, subaccounts?: readonly string[]): Promise<readonly AuditEntry[]>
  /** The oldest entries above a sequence number, oldest first. */
  auditAfter(after: number, limit: number): Promise<readonly AuditEntry[]>
  /** Called after entries were added. Returns the function that ends it. */
  onAudit(listener: () => void): () => void
  /** The first entry that no longer fits the chain; undefined when the trail is whole. */
  verifyAudit(): Promise<number | undefined>
  /** Appends entries that tell of no change, in one transaction. */
  record(actor: string, events: readonly AuditEvent[]): Promise<void>
}
