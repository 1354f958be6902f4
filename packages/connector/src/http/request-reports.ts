import type { PlatformError } from '@landbridge/kernel'
import type { Preface } from '@landbridge/tunnel'
import type { AccessRecord, SubaccountContext } from '../subaccount-context.ts'

/** What is reported of a request. Queries may carry secrets: they stay out of the audit log. */
export function accessRecord(
  { subaccountId }: SubaccountContext,
  { virtualHost, virtualPort }: Preface,
  target: string,
  reason: string,
): AccessRecord {
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  return { subaccountId, virtualHost, virtualPort, path, reason }
}

/** A system could not be asked, or did not answer as it must. */
export function reportFailure(
  { log }: SubaccountContext,
  { virtualHost, virtualPort }: Preface,
  cause: PlatformError,
): void {
  log.info('backend.failed', { code: cause.code, system: `${virtualHost}:${virtualPort}`, ...cause.facts })
}
