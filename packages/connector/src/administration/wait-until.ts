import type { Clock } from '@landbridge/kernel'

const pollMs = 20

/** Resolves with true as soon as `holds` does, with false after `timeoutMs`. */
export async function waitUntil(clock: Clock, timeoutMs: number, holds: () => boolean): Promise<boolean> {
  const end = clock.now() + timeoutMs
  while (!holds()) {
    if (clock.now() >= end) return false
    await new Promise<void>((resolve) => clock.after(pollMs, resolve))
  }
  return true
}
