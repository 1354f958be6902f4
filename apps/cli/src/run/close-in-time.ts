import { type Closeable, PlatformError } from '@landbridge/kernel'

/**
 * Closes what a command runs. The deadline also keeps the process alive meanwhile: timers of components do not, and a
 * process that ends with work pending would end with a strange exit status.
 * @throws PlatformError CLI_STOP_TIMEOUT when it takes longer
 */
export async function closeInTime(part: Closeable, deadlineMs = 30_000): Promise<void> {
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(() => timeout.reject(new PlatformError('CLI_STOP_TIMEOUT', { deadlineMs })), deadlineMs)
  try {
    await Promise.race([part.close(), timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}
