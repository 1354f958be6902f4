import { PlatformError } from '@landbridge/kernel'

/** @throws PlatformError DESTINATION_INIT_DATA_FAILED when there are problems */
export function collected<T>(result: T, problems: readonly string[]): T {
  if (problems.length > 0) throw new PlatformError('DESTINATION_INIT_DATA_FAILED', { problems })
  return result
}
