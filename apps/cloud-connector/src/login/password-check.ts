import { createHmac, randomBytes } from 'node:crypto'
import type { Administrator, ConnectorConfiguration } from '@landbridge/connector'
import { verifyPassword } from '@landbridge/identity'
import { type Clock, equalSecrets, isPlatformError, PlatformError } from '@landbridge/kernel'
import { LdapRealm } from './ldap-realm.ts'
import type { Role } from './permissions.ts'

const failuresBeforeLock = 10
const lockMs = 60_000
const maxLockEntries = 1_000
/** How long an answer of the directory counts. */
const directoryMs = 60_000

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
  /** Users of the directory whose password was right a moment ago; every change of the settings ends it. */
  readonly #directory: Map<string, { readonly roles: readonly Role[]; readonly untilMs: number }>
  #remembered: string

  constructor(clock: Clock) {
    this.#clock = clock
    this.#key = randomBytes(32)
    this.#failures = new Map()
    this.#directory = new Map()
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

  /**
   * The roles of whoever has this name and password, in the directory if one is configured; undefined when nobody has.
   * @throws PlatformError CONNECTOR_DIRECTORY_DOWN
   */
  async login(
    { settings, trustedCertificates }: ConnectorConfiguration,
    user: string,
    password: string,
    address: string,
  ): Promise<readonly Role[] | undefined> {
    const { administrator, ldap } = settings
    if (ldap === undefined)
      return (await this.accepts(administrator, user, password, address)) ? ['Administrator'] : undefined
    const print = this.#fingerprint(administrator, user, password)
    const known = this.#directory.get(print)
    if (known !== undefined && this.#clock.now() < known.untilMs) return known.roles
    if (this.#isLocked(address)) return undefined
    const ca = Array.from(trustedCertificates.values(), ({ pem }) => pem)
    const roles = await new LdapRealm(ldap, ca).login(user, password).catch((cause: unknown) => {
      throw isPlatformError(cause, 'CONNECTOR_LDAP_UNREACHABLE')
        ? new PlatformError('CONNECTOR_DIRECTORY_DOWN', {}, { cause })
        : cause
    })
    if (roles === undefined) this.#countFailure(address)
    else this.#remember(print, roles)
    return roles
  }

  #remember(print: string, roles: readonly Role[]): void {
    this.#directory.delete(print)
    this.#directory.set(print, { roles, untilMs: this.#clock.now() + directoryMs })
    if (this.#directory.size > maxLockEntries) this.#directory.delete(this.#directory.keys().next().value ?? '')
  }

  #fingerprint({ generation, passwordHash }: Administrator, user: string, password: string): string {
    const text = JSON.stringify([generation, passwordHash, user, password])
    return createHmac('sha256', this.#key).update(text).digest('base64url')
  }
}
