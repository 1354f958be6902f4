import type { Clock } from '@landbridge/kernel'
import type { Stream, StreamSink } from './stream.ts'

export interface SessionOptions {
  /** Which end opened the TLS connection: decides who uses odd stream numbers. */
  readonly role: 'client' | 'server'
  readonly clock: Clock
  /** Decides about a stream that the peer opens: its sink, or null to refuse it. */
  readonly accept: (stream: Stream) => StreamSink | null
  /**
   * Called once when the session is over. `cause` is absent after an orderly end: `drain` at either end with no stream
   * left, or `destroy` without a cause. Otherwise a PlatformError TUNNEL_LOST, TUNNEL_TIMEOUT or TUNNEL_PROTOCOL.
   */
  readonly closed: (cause?: Error) => void
  /** The peer wants no new streams any more (yamux GO-AWAY). */
  readonly draining?: () => void
  /** Ping after this silence; the peer has the same time to answer before the session counts as dead. */
  readonly heartbeatMs?: number
  /** Open streams in both directions together; the peer's further opens are reset. */
  readonly maxStreams?: number
  /** Delivered but not yet consumed payload of all streams above which the socket is no longer read. */
  readonly maxUnconsumedBytes?: number
  /** Unsent bytes above which streams queue instead of writing. */
  readonly sendBudgetBytes?: number
  /** Number of the first stream opened here (default 1 or 2, by role), to reach the end of the numbers in a test. */
  readonly firstStreamId?: number
}

export const sessionDefaults = {
  heartbeatMs: 15_000,
  maxStreams: 65_536,
  maxUnconsumedBytes: 64 * 1024 * 1024,
  sendBudgetBytes: 1024 * 1024,
} as const
