import { PlatformError } from '@landbridge/kernel'

export function queryInvalid(parameter: string, reason: string): PlatformError {
  return new PlatformError('DESTINATION_QUERY_INVALID', { parameter, reason })
}
