import type { User } from '@landbridge/identity'
import { type Clock, PlatformError } from '@landbridge/kernel'
import type { RegistryRepository } from '../repository.ts'
import { parseSubaccountId, type Subaccount } from '../subaccounts/subaccount.ts'
import { cloudConnectorAdministrator, rolesOf } from '../users/role-collections.ts'
import { AttemptLimiter, type AttemptLimits, defaultAttemptLimits } from './attempt-limiter.ts'
import { type PairingCodes, passcodeUser, writePairingCode } from './pairing-codes.ts'

export interface PairingAttempt {
  /** As the connector sent it, possibly a name. */
  readonly subaccount: string
  readonly userName: string
  readonly password: string
  readonly remoteAddress: string
  /** True for what ends the pairing: a code is used up by it. */
  readonly isFinal?: boolean
}

export interface PairingOptions {
  readonly limits?: AttemptLimits
  /** How long after its change a password is not in effect yet, in milliseconds. */
  readonly passwordDelayMs?: number
  /** Without them there are no codes. */
  readonly codes?: PairingCodes
}

/** Many users may share one address (NAT, a proxy), so it bears more failures than one user does. */
const failuresPerAddress = 10

/**
 * Whose failures count together. All passcodes come with one user name: without the address, a stranger's wrong ones
 * would keep everybody else's right ones out. The codes themselves are too long to be guessed from many addresses.
 */
function attemptKey({ userName, remoteAddress }: PairingAttempt, subaccountId: string): string {
  const key = `${subaccountId}:${userName.toLowerCase()}`
  return userName === passcodeUser ? `${key}:${remoteAddress}` : key
}

/** Decides who may pair a connector with a subaccount (guide L18653-18706). */
export class Pairing {
  readonly #repository: RegistryRepository
  readonly #userLimiter: AttemptLimiter
  readonly #addressLimiter: AttemptLimiter
  readonly #clock: Clock
  readonly #passwordDelayMs: number
  readonly #codes: PairingCodes | undefined

  constructor(repository: RegistryRepository, clock: Clock, options: PairingOptions = {}) {
    const { limits = defaultAttemptLimits, passwordDelayMs = 0 } = options
    this.#codes = options.codes
    this.#repository = repository
    this.#clock = clock
    this.#passwordDelayMs = passwordDelayMs
    this.#userLimiter = new AttemptLimiter(clock, limits)
    const freeFailures = limits.freeFailures * failuresPerAddress
    this.#addressLimiter = new AttemptLimiter(clock, { ...limits, freeFailures })
  }

  /**
   * The subaccount and the user, when the user may connect a connector to it. The password is not kept.
   * @throws PlatformError SUBACCOUNT_NOT_AN_ID, SUBACCOUNT_UNKNOWN, PAIRING_ATTEMPTS_EXCEEDED,
   *   PAIRING_CREDENTIALS_WRONG, PAIRING_PASSWORD_NOT_EFFECTIVE or PAIRING_ROLE_MISSING, in this order
   */
  async authorise(attempt: PairingAttempt): Promise<{ subaccount: Subaccount; user: User }> {
    const id = parseSubaccountId(attempt.subaccount)
    // Said before the password is checked: an administrator who mistypes an ID must not look for the fault in the
    // password, and IDs are random enough not to be guessed.
    const subaccount = await this.#repository.findSubaccount(id)
    if (subaccount === undefined) throw new PlatformError('SUBACCOUNT_UNKNOWN', { subaccountId: id })
    const user = await this.#authenticate(attempt, id)
    const roles = rolesOf(user.roleCollections, await this.#repository.listRoleCollections(id))
    if (!roles.has(cloudConnectorAdministrator))
      throw new PlatformError('PAIRING_ROLE_MISSING', { needed: cloudConnectorAdministrator, userId: user.id })
    return { subaccount, user }
  }

  async #authenticate(attempt: PairingAttempt, subaccountId: string): Promise<User> {
    const userKey = attemptKey(attempt, subaccountId)
    this.#userLimiter.assertAllowed(userKey)
    this.#addressLimiter.assertAllowed(attempt.remoteAddress)
    const byPassword = await this.#repository.authenticate(attempt.userName, attempt.password, subaccountId)
    const user = byPassword ?? (await this.#userOfCode(attempt, subaccountId))
    if (user === undefined) {
      this.#userLimiter.failed(userKey)
      this.#addressLimiter.failed(attempt.remoteAddress)
      throw new PlatformError('PAIRING_CREDENTIALS_WRONG')
    }
    // The address stays counted: one right password must not reset the count for guesses at other users.
    this.#userLimiter.succeeded(userKey)
    if (byPassword !== undefined) await this.#assertPasswordInEffect(user)
    return user
  }

  async #userOfCode(attempt: PairingAttempt, subaccountId: string): Promise<User | undefined> {
    const code = this.#codes?.read(attempt.password)
    if (code === undefined || code.subaccountId !== subaccountId || code.expiresAtMs <= this.#clock.now())
      return undefined
    const user = await this.#repository.findLocalUser(code.userId)
    const isNamed = user?.userName.toLowerCase() === attempt.userName.toLowerCase()
    if (!isNamed && attempt.userName !== passcodeUser) return undefined
    return attempt.isFinal === true && !(await this.#codes?.use(code)) ? undefined : user
  }

  /**
   * A code that stands for the password of a user of the subaccount, or of the platform, until it is used or expires.
   * What the user may do is checked when it is used.
   * @throws PlatformError USER_UNKNOWN
   */
  async createCode(
    subaccountId: string,
    userName: string,
    lifetimeMs: number,
  ): Promise<{ readonly user: string; readonly text: string; readonly expiresAtMs: number }> {
    const known = [...(await this.#repository.listUsers(subaccountId)), ...(await this.#repository.listUsers(''))]
    const user = known.find((one) => one.userName.toLowerCase() === userName.toLowerCase())
    if (user === undefined || this.#codes === undefined)
      throw new PlatformError('USER_UNKNOWN', { userId: userName.slice(0, 255) })
    return {
      user: user.userName,
      ...writePairingCode(this.#codes, this.#clock, { subaccountId, userId: user.id, lifetimeMs }),
    }
  }

  /** Said to nobody but who knows the new password, so that it tells strangers nothing about users. */
  async #assertPasswordInEffect({ id }: User): Promise<void> {
    if (this.#passwordDelayMs === 0) return
    const changedAtMs = await this.#repository.passwordChangedAtMs(id)
    const waitMs = changedAtMs === undefined ? 0 : changedAtMs + this.#passwordDelayMs - this.#clock.now()
    if (waitMs > 0)
      throw new PlatformError('PAIRING_PASSWORD_NOT_EFFECTIVE', { retryAfterSeconds: Math.ceil(waitMs / 1_000) })
  }
}
