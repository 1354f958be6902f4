import type { User } from '@landbridge/identity'
import { type Clock, PlatformError } from '@landbridge/kernel'
import type { RegistryRepository } from '../repository.ts'
import { parseSubaccountId, type Subaccount } from '../subaccounts/subaccount.ts'
import { cloudConnectorAdministrator, rolesOf } from '../users/role-collections.ts'
import { AttemptLimiter, type AttemptLimits } from './attempt-limiter.ts'

export interface PairingAttempt {
  /** As the connector sent it, possibly a name. */
  readonly subaccount: string
  readonly userName: string
  readonly password: string
  readonly remoteAddress: string
}

/** Decides who may pair a connector with a subaccount (guide L18653-18706). */
export class Pairing {
  readonly #repository: RegistryRepository
  readonly #limiter: AttemptLimiter

  constructor(repository: RegistryRepository, clock: Clock, limits?: AttemptLimits) {
    this.#repository = repository
    this.#limiter = new AttemptLimiter(clock, limits)
  }

  /**
   * The subaccount and the user, when the user may connect a connector to it. The password is not kept.
   * @throws PlatformError SUBACCOUNT_NOT_AN_ID, SUBACCOUNT_UNKNOWN, PAIRING_ATTEMPTS_EXCEEDED,
   *   PAIRING_CREDENTIALS_WRONG or PAIRING_ROLE_MISSING, in this order
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
    const keys = [`user:${subaccountId}:${attempt.userName.toLowerCase()}`, `address:${attempt.remoteAddress}`]
    for (const key of keys) this.#limiter.assertAllowed(key)
    const user = await this.#repository.authenticate(attempt.userName, attempt.password, subaccountId)
    if (user === undefined) {
      for (const key of keys) this.#limiter.failed(key)
      throw new PlatformError('PAIRING_CREDENTIALS_WRONG')
    }
    // The address stays counted: one right password must not reset the count for guesses at other users.
    this.#limiter.succeeded(keys[0]!)
    return user
  }
}
