import type { BackendSecurity } from './secure-contexts.ts'
import type { Target } from './target.ts'

const maxSessions = 2_000

/**
 * TLS sessions of backends, so that the next connection needs no key exchange and no certificates (RFC 8446 section 2.2).
 * Kept by address and user: a backend may remember who was logged on in a session.
 */
export class TlsSessions {
  readonly #sessions: Map<string, Buffer>
  #security: BackendSecurity

  constructor(security: BackendSecurity) {
    this.#sessions = new Map()
    this.#security = security
  }

  get size(): number {
    return this.#sessions.size
  }

  /** What the backend no longer knows it answers with an ordinary handshake. */
  find(target: Target): Buffer | null {
    return target.secure ? (this.#sessions.get(target.key) ?? null) : null
  }

  /** @param security under which the session was made; under another one it is worth nothing. */
  keep(target: Target, security: BackendSecurity, session: Buffer): void {
    if (security !== this.#security) return
    const { key } = target
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    if (this.#sessions.size <= maxSessions) return
    for (const oldest of this.#sessions.keys()) {
      this.#sessions.delete(oldest)
      break
    }
  }

  /** Other trust or another certificate of the connector: nothing that was agreed before counts. */
  forgetAll(security: BackendSecurity): void {
    this.#security = security
    this.#sessions.clear()
  }
}
