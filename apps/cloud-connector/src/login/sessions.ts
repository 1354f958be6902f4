import { createHmac, randomBytes } from 'node:crypto'
import { type Clock, equalSecrets } from '@landbridge/kernel'

import type { Role } from './permissions.ts'

const cookieName = 'JSESSIONID'

export interface Session {
  readonly id: string
  readonly user: string
  /** Generation of the administrator's credentials that opened it. */
  readonly generation: number
  readonly roles: readonly Role[]
}

/**
 * Sessions without a table: the cookie says who, since when and signed by this process. Clients that ignore cookies
 * get a new one with every answer, and nothing grows. A restart ends all sessions.
 */
export class Sessions {
  readonly #key: Buffer
  readonly #clock: Clock
  readonly #idleMs: number
  /** Sessions ended before their time, until their cookies expire anyway. */
  readonly #ended: Map<string, number>

  constructor(clock: Clock, idleMs: number) {
    this.#key = randomBytes(32)
    this.#clock = clock
    this.#idleMs = idleMs
    this.#ended = new Map()
  }

  start(user: string, generation: number, roles: readonly Role[]): Session {
    return { id: randomBytes(18).toString('base64url'), user, generation, roles }
  }

  /** The value of `Set-Cookie`; sending it again keeps the session alive. */
  cookie(session: Session): string {
    const facts = JSON.stringify([session.id, session.user, session.generation, this.#clock.now(), session.roles])
    const text = Buffer.from(facts).toString('base64url')
    return `${cookieName}=${text}.${this.#sign(`cookie:${text}`)}; Path=/; Secure; HttpOnly; SameSite=Strict`
  }

  /** The token that proves that a request comes from a page that could read this connector's answers. */
  csrfToken(session: Session): string {
    return this.#sign(`csrf:${session.id}`)
  }

  isCsrfToken(session: Session, candidate: string): boolean {
    return equalSecrets(this.csrfToken(session), candidate)
  }

  /** The live session of a `Cookie` header; `expired` when it names one that is over or not ours. */
  find(header: string | undefined): Session | 'none' | 'expired' {
    const value = header
      ?.split(';')
      .map((part) => part.trim())
      .find((part) => part.startsWith(`${cookieName}=`))
      ?.slice(cookieName.length + 1)
    if (value === undefined) return 'none'
    const [text = '', signature = ''] = value.split('.')
    if (!equalSecrets(this.#sign(`cookie:${text}`), signature)) return 'expired'
    const [id, user, generation, at, roles] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [
      string,
      string,
      number,
      number,
      readonly Role[],
    ]
    if (this.#clock.now() - at > this.#idleMs || this.#ended.has(id)) return 'expired'
    return { id, user, generation, roles }
  }

  end(session: Session): void {
    const now = this.#clock.now()
    for (const [id, until] of this.#ended) if (until < now) this.#ended.delete(id)
    this.#ended.set(session.id, now + this.#idleMs)
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url')
  }
}
