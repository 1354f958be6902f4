import type { AuditEntry } from '@landbridge/connector'

/** The folder of entries that belong to no subaccount. */
const crossSubaccount = 'cross-subaccount'

export const auditColumns = 'Time,Number,User,Category,Action,Object,Subaccount,Details\r\n'

/** One entry as a line (RFC 4180), safe to open in a spreadsheet. */
export function auditLine(entry: AuditEntry): string {
  const { sequence, atMs, actor, category, action, object, subaccount, details } = entry
  const fields = [
    new Date(atMs).toISOString(),
    String(sequence),
    actor,
    category,
    action,
    object,
    subaccount ?? '',
    JSON.stringify(details ?? {}),
  ]
  return `${fields.map(quoted).join(',')}\r\n`
}

/** `<subaccount>/audit-log_<subaccount>_<date>.csv` (guide L17784), the day in UTC. */
export function auditFileOf({ atMs, subaccount }: AuditEntry): string {
  const name = folderName(subaccount)
  return `${name}/audit-log_${name}_${new Date(atMs).toISOString().slice(0, 10)}.csv`
}

/** The name that the cloud knows the subaccount by, never a way to another folder. */
function folderName(subaccount: string | undefined): string {
  if (subaccount === undefined) return crossSubaccount
  const [id = ''] = subaccount.split('@')
  const name = id
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .replace(/^\.+/, '_')
    .slice(0, 100)
  return name === '' || name === crossSubaccount ? `${name}_` : name
}

/** A spreadsheet would carry out what begins like a formula. */
function quoted(field: string): string {
  const safe = /^[=+\-@\t\r]/.test(field) ? `'${field}` : field
  return `"${safe.replaceAll('"', '""')}"`
}
