import { PlatformError } from '@landbridge/kernel'

/** A failure that ends as the `error` text of an `authTokens` entry. `reason` MUST be free of secrets. */
export function tokenFailure(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('DESTINATION_TOKEN_FAILED', { reason }, cause === undefined ? {} : { cause })
}
