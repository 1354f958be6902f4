import { PlatformError } from '@landbridge/kernel'

/** A request that its caller must change. @param reason a sentence, without secrets */
export function refused(reason: string): PlatformError {
  return new PlatformError('TRANSPARENT_PROXY_REQUEST_REFUSED', { reason })
}
