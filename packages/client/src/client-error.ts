import { describeError, type ErrorCode, type Facts, isPlatformError, PlatformError } from '@landbridge/kernel'

/**
 * An error of the catalogue whose message says what happened, with which values, and what to do: an application prints
 * messages, it does not look codes up.
 */
export function clientError(code: ErrorCode, facts: Facts = {}, options?: ErrorOptions): PlatformError {
  const error = new PlatformError(code, facts, options)
  error.message = `${code}: ${describeError(error)}`
  return error
}

const outages: readonly ErrorCode[] = [
  'CLIENT_SERVICE_UNREACHABLE',
  'CLIENT_SERVICE_TIMEOUT',
  'CLIENT_SERVICE_FAILED',
  'CLIENT_CIRCUIT_OPEN',
]

/** True when nobody knows the answer. A refusal or "not found" is an answer and is obeyed. */
export function isOutage(thrown: unknown): boolean {
  return isPlatformError(thrown) && outages.includes(thrown.code)
}

/** Reason of a system error: its code, never its text, which may hold what must not be printed. */
export function reasonOf(thrown: unknown): string {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
    if ('code' in error && typeof error.code === 'string') return error.code
  }
  return thrown instanceof Error ? thrown.name : 'unknown'
}
