import type { ConnectorConfiguration } from './model.ts'
import { subaccountKey } from './model.ts'
import type { AuditEvent } from './store-port.ts'

/** What is written to the audit trail (guide L30004). */
export const auditLevels = ['Security', 'All', 'Off'] as const
export type AuditLevel = (typeof auditLevels)[number]

export const defaultAuditLevel: AuditLevel = 'Security'

/** Whether an event of the administration is written; that the level itself changes always is. */
export function isAudited({ settings, subaccounts }: ConnectorConfiguration, event: AuditEvent): boolean {
  if (event.category === 'AuditLogLevel' || event.category === 'CrossAuditLogLevel') return true
  if (event.subaccount === undefined) return settings.auditLevel !== 'Off'
  const at = event.subaccount.indexOf('@')
  const key = subaccountKey(event.subaccount.slice(at + 1), event.subaccount.slice(0, at))
  return subaccounts.get(key)?.auditLevel !== 'Off'
}
