import type { EntryProblem } from '@landbridge/access'
import { PlatformError } from '@landbridge/kernel'

/**
 * @param entry names the entry where there are several.
 * @throws PlatformError REQUEST_INVALID when there are problems.
 */
export function refuse(problems: readonly EntryProblem[], entry?: string): void {
  if (problems.length === 0) return
  const of = entry === undefined ? '' : `${entry}: `
  throw new PlatformError('REQUEST_INVALID', {
    field: problems.map((problem) => problem.field).join(', '),
    reason: of + problems.map((problem) => `${problem.field} ${problem.reason}`).join('; '),
  })
}
