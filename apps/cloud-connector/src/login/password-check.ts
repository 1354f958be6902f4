import { createHmac, randomBytes } from 'node:crypto'
import type { Administrator } from '@landbridge/connector'
import { verifyPassword } from '@landbridge/identity'
import { type Clock, equalSecrets } from '@landbridge/kernel'

const failuresBeforeLock = 10
const lockMs = 60_000
const maxLockEntries = 1_000

interface Failures {
  count: number
  untilMs: number
}

/**
 * Checks the administrator's user name and password. The last success is remembered as a keyed hash, because clients
 * send their credentials with every request and a password hash is slow on purpose. Ten failures in a row from one
 * address make it wait a minute (guide L28364).
 */
export class PasswordCheck {
  readonly #clock: Clock
  readonly #key: Buffer
  readonly #failures: Map<string, Failures>
  #remembered: string

  constructor(clock: Clock) {
    this.#clock = clock
    this.#key = randomBytes(32)
    this.#failures = new Map()
    this.#remembered = ''
  }

  async accepts(administrator: Administrator, user: string, password: string, address: string): Promise<boolean> {
    const print = this.#fingerprint(administrator, user, password)
    if (equalSecrets(print, this.#remembered)) return true
    if (this.#isLocked(address)) return false
    const known = user === administrator.user ? administrator.passwordHash : undefined
    if (await verifyPassword(password, known)) {
      this.#remembered = print
      this.#failures.delete(address)
      return true
    }
    this.#countFailure(address)
    return false
  }

  #isLocked(address: string): boolean {
    const failures = this.#failures.get(address)
    return failures !== undefined && failures.count >= failuresBeforeLock && this.#clock.now() < failures.untilMs
  }

  #countFailure(address: string): void {
    const now = this.#clock.now()
    const before = this.#failures.get(address)
    const count = before !== undefined && now < before.untilMs ? before.count + 1 : 1
    this.#failures.delete(address)
    this.#failures.set(address, { count, untilMs: now + lockMs })
    if (this.#failures.size > maxLockEntries) this.#failures.delete(this.#failures.keys().next().value ?? '')
  }

  #fingerprint({ generation, passwordHash }: Administrator, user: string, password: string): string {
    const text = JSON.stringify([generation, passwordHash, user, password])
    return createHmac('sha256', this.#key).update(text).digest('base64url')
  }
}
