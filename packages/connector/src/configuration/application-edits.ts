import { PlatformError } from '@landbridge/kernel'
import type { Subaccount } from './model.ts'

const maxApplications = 1_000

/**
 * Replaces the applications that may use the tunnel of a subaccount. None: all may (guide L27614).
 * @param applications OAuth client IDs, as the tokens of the applications name them.
 * @throws PlatformError REQUEST_INVALID
 */
export function withTrustedApplications(subaccount: Subaccount, applications: readonly unknown[]): Subaccount {
  if (applications.length > maxApplications) throw refused(`must have ${maxApplications} entries at most`)
  const names = applications.map((entry) => {
    if (typeof entry !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(entry))
      throw refused('must be client IDs of 1 to 200 printable characters without blanks')
    return entry
  })
  return { ...subaccount, trustedApplications: [...new Set(names)] }
}

function refused(reason: string): PlatformError {
  return new PlatformError('REQUEST_INVALID', { field: 'applications', reason: `applications ${reason}` })
}
