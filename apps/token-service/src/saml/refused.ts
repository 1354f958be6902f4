import { PlatformError } from '@landbridge/kernel'

/** An assertion that is not accepted. The reason never quotes it. */
export function refusedAssertion(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('OAUTH_GRANT_INVALID', { reason }, cause === undefined ? {} : { cause })
}
