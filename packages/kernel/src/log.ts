import type { Level } from './errors/entry.ts'
import type { Facts } from './errors/platform-error.ts'

/**
 * The log port. `event` is a constant (queries use it), facts are plain values, never secrets.
 * Pass a function for facts that cost something to build: it is not called when the level is off.
 */
export interface Log {
  readonly debugEnabled: boolean
  debug(event: string, facts?: Facts | (() => Facts)): void
  info(event: string, facts?: Facts | (() => Facts)): void
  warn(event: string, facts?: Facts | (() => Facts), cause?: unknown): void
  error(event: string, facts?: Facts | (() => Facts), cause?: unknown): void
  /** A log that adds `facts` to every line. */
  with(facts: Facts): Log
}

/** Writes nothing. */
export const silentLog: Log = {
  debugEnabled: false,
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
}

const rank: Readonly<Record<Level, number>> = { debug: 10, info: 20, warn: 30, error: 40 }

/** A log that hands every line at or above `level` to `write`: the adapter for loggers and for tests. */
export function createLog(
  write: (level: Level, event: string, facts: Facts, cause: unknown) => void,
  level: Level = 'info',
  base: Facts = {},
): Log {
  const emit = (at: Level, event: string, facts?: Facts | (() => Facts), cause?: unknown): void => {
    if (rank[at] < rank[level]) return
    write(at, event, { ...base, ...(typeof facts === 'function' ? facts() : facts) }, cause)
  }
  return {
    debugEnabled: rank.debug >= rank[level],
    debug: (event, facts) => emit('debug', event, facts),
    info: (event, facts) => emit('info', event, facts),
    warn: (event, facts, cause) => emit('warn', event, facts, cause),
    error: (event, facts, cause) => emit('error', event, facts, cause),
    with: (facts) => createLog(write, level, { ...base, ...facts }),
  }
}
