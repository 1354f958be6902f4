import { PlatformError } from '@landbridge/kernel'

/** Its base64 form has to fit behind the one-byte length of a SOCKS5 request (guide L12590). */
const longestLocationId = 189

/**
 * Checks a location ID; the empty text is the default location (guide L18825).
 * @throws PlatformError LOCATION_ID_INVALID
 */
export function parseLocationId(given: string): string {
  if (given.length > longestLocationId)
    throw new PlatformError('LOCATION_ID_INVALID', { reason: `it is longer than ${longestLocationId} characters` })
  if (!/^[A-Za-z0-9._~-]*$/.test(given))
    throw new PlatformError('LOCATION_ID_INVALID', { reason: 'it contains a character that does not belong in a URI' })
  return given
}
