import { type Clock, PlatformError } from '@landbridge/kernel'
import type { RegistryRepository } from '../repository.ts'
import { parseSubaccountId } from '../subaccounts/subaccount.ts'
import type { Subscription } from './subscription.ts'

/** Subscribes subaccounts to applications. Only the operator gets here: who subscribes lets somebody else in. */
export class Subscriptions {
  readonly #repository: RegistryRepository
  readonly #clock: Clock

  constructor(repository: RegistryRepository, clock: Clock) {
    this.#repository = repository
    this.#clock = clock
  }

  /** What the subaccount is subscribed to, oldest first. @throws PlatformError SUBACCOUNT_UNKNOWN */
  async list(subscriberSubaccountId: string): Promise<readonly Subscription[]> {
    return this.#repository.listSubscriptions(await this.#subscriber(subscriberSubaccountId))
  }

  /**
   * @param xsappname of an xsuaa instance; it is unique on the platform, so the provider follows from it.
   * @throws PlatformError SUBACCOUNT_UNKNOWN, APPLICATION_UNKNOWN, SUBSCRIPTION_TO_OWN or SUBSCRIPTION_TAKEN
   */
  async subscribe(subscriberSubaccountId: string, xsappname: string): Promise<Subscription> {
    const subscriber = await this.#subscriber(subscriberSubaccountId)
    const application = await this.#repository.findInstanceByName(xsappname)
    if (application?.service !== 'xsuaa') throw new PlatformError('APPLICATION_UNKNOWN', { xsappname })
    if (application.subaccountId === subscriber) throw new PlatformError('SUBSCRIPTION_TO_OWN', { xsappname })
    const subscription: Subscription = {
      providerSubaccountId: application.subaccountId,
      xsappname,
      subscriberSubaccountId: subscriber,
      createdAtMs: this.#clock.now(),
    }
    await this.#repository.insertSubscription(subscription)
    return subscription
  }

  /** Tokens that were issued before stay valid until they expire. @throws PlatformError SUBSCRIPTION_UNKNOWN */
  async unsubscribe(subscriberSubaccountId: string, xsappname: string): Promise<void> {
    const subscriber = await this.#subscriber(subscriberSubaccountId)
    if (!(await this.#repository.deleteSubscription(subscriber, xsappname)))
      throw new PlatformError('SUBSCRIPTION_UNKNOWN', { xsappname })
  }

  async #subscriber(given: string): Promise<string> {
    const id = parseSubaccountId(given)
    if ((await this.#repository.findSubaccount(id)) === undefined)
      throw new PlatformError('SUBACCOUNT_UNKNOWN', { subaccountId: given })
    return id
  }
}
