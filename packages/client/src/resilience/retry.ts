import { type Clock, jitteredBackoffMs } from '@landbridge/kernel'
import { pause } from './wait.ts'

export interface RetryPolicy {
  /** Repetitions after the first attempt; 0 switches them off. */
  readonly retries: number
  /** Shortest wait before a repetition. */
  readonly baseMs: number
  /** Longest wait before a repetition, also where a service asks for a longer one. */
  readonly capMs: number
  /** No repetition starts later than this after the first attempt. */
  readonly totalMs: number
}

export const defaultRetryPolicy: RetryPolicy = { retries: 3, baseMs: 100, capMs: 5_000, totalMs: 60_000 }

export interface RetryOptions {
  readonly policy: RetryPolicy
  readonly clock: Clock
  readonly random?: () => number
  readonly signal?: AbortSignal
  /** True for failures that may pass by themselves. */
  readonly mayRepeat: (failure: unknown) => boolean
  /** What the service asked for (Retry-After). */
  readonly askedMs?: (failure: unknown) => number
  readonly onRepeat?: (failure: unknown, attempt: number, delayMs: number) => void
}

/**
 * Waits before repetition `attempt` (from 0): 100, 200, 400 ms… plus as much again at random, so that clients that
 * failed together do not come back together (guide L16710: at least 100 ms, growing).
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random?: () => number): number {
  const growing = policy.baseMs * 2 ** Math.min(attempt, 30)
  return Math.min(policy.capMs, growing + jitteredBackoffMs(attempt, policy.baseMs, policy.capMs, random))
}

/** Runs until it succeeds, fails for good, or the policy is used up; then the last failure is thrown. */
export async function withRetry<T>(options: RetryOptions, run: () => Promise<T>): Promise<T> {
  const { policy, clock, signal } = options
  const start = clock.now()
  for (let attempt = 0; ; attempt++) {
    try {
      return await run()
    } catch (failure) {
      if (attempt >= policy.retries || signal?.aborted === true || !options.mayRepeat(failure)) throw failure
      const asked = Math.min(policy.capMs, options.askedMs?.(failure) ?? 0)
      const delayMs = Math.max(asked, retryDelayMs(policy, attempt, options.random))
      if (clock.now() - start + delayMs > policy.totalMs) throw failure
      options.onRepeat?.(failure, attempt + 1, delayMs)
      await pause(clock, delayMs, signal)
    }
  }
}
