import type { Destination } from '@landbridge/client'
import { isPlatformError, PlatformError } from '@landbridge/kernel'
import { invalid } from '../lookup/check-destination.ts'
import { TargetTimeout } from './watch.ts'

/** Codes of Node for heads that cannot be written: header values, or a path, with characters that are not allowed. */
const unwritable: ReadonlySet<unknown> = new Set(['ERR_INVALID_CHAR', 'ERR_INVALID_HTTP_TOKEN'])

/** What a request that failed on its way to the target means. The text of the system stays in the log. */
export function targetFailure(
  failure: unknown,
  destination: Destination,
  isOnPremise = destination.isOnPremise,
): unknown {
  if (isPlatformError(failure))
    return failure.code === 'CLIENT_KEY_STORE_UNUSABLE'
      ? invalid(destination, String(failure.facts.reason ?? 'its key store cannot be read'))
      : failure
  const where = isOnPremise ? 'the Connectivity Proxy' : `the target of destination '${destination.name}'`
  const facts = { destination: destination.name, origin: isOnPremise ? 'Connectivity Proxy' : 'Transparent Proxy' }
  if (failure instanceof TargetTimeout) {
    const seconds = failure.afterMs / 1_000
    const reason =
      failure.phase === 'connect'
        ? `Failed to establish connection to ${where} within ${seconds} s.`
        : `No data from ${where} for ${seconds} s.`
    return new PlatformError('TRANSPARENT_PROXY_TARGET_TIMEOUT', { ...facts, reason })
  }
  const code = failure instanceof Error && 'code' in failure ? failure.code : undefined
  if (unwritable.has(code)) return invalid(destination, 'a header of it has characters that are not allowed')
  if (code === 'ERR_UNESCAPED_CHARACTERS')
    return new PlatformError('TRANSPARENT_PROXY_REQUEST_REFUSED', {
      reason: 'The path of the request has characters that must be percent-encoded.',
    })
  const reason = `Failed to establish connection to ${where}${typeof code === 'string' ? ` (${code})` : ''}.`
  return new PlatformError('TRANSPARENT_PROXY_TARGET_UNREACHABLE', { ...facts, reason }, { cause: failure })
}
