/** Something long-lived that its owner must end. `close` may be called twice and resolves when all is gone. */
export interface Closeable {
  close(): Promise<void>
}

/** Closes in reverse order of opening; a failure does not keep the rest open and is thrown at the end. */
export async function closeAll(parts: readonly Closeable[]): Promise<void> {
  const failures: unknown[] = []
  for (const part of parts.toReversed()) {
    try {
      await part.close()
    } catch (failure) {
      failures.push(failure)
    }
  }
  if (failures.length === 1) throw failures[0]
  if (failures.length > 1) throw new AggregateError(failures, 'several parts failed to close')
}

/** Exponential backoff with full jitter: a random wait between 0 and min(cap, base * 2^attempt) milliseconds. */
export function jitteredBackoffMs(attempt: number, baseMs: number, capMs: number, random = Math.random): number {
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)))
}

/** A started application (one of `apps/`), as the code that composes it sees it. */
export interface RunningApp extends Closeable {
  readonly name: string
  /** Base URL without a trailing slash, with the port that it really listens on. */
  readonly url: string
  ready(): boolean | Promise<boolean>
}
