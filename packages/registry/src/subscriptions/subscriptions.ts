import { type Clock, PlatformError } from '@landbridge/kernel'
import type { RegistryRepository } from '../repository.ts'
import type { ServiceInstance } from '../services/service-instance.ts'
import { parseSubaccountId, type Subaccount } from '../subaccounts/subaccount.ts'
import { isDedicated, scopesForProvisioning } from './application-descriptor.ts'
import {
  applicationUrlOf,
  assertUnsubscribed,
  type CallbackAnswer,
  dependenciesOf,
  failureOf,
} from './callback-answers.ts'
import { type Provisioning, parseProvisioning, provisioningOf, withTenant } from './provisioning-instance.ts'
import type { Subscription, SubscriptionFailure } from './subscription.ts'

/** One call of the platform to an application that is subscribed to or left. */
export interface ApplicationCallback {
  readonly callback: SubscriptionFailure['callback']
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly url: string
  /** What the token of the call says: the application grants these scopes in its descriptor. */
  readonly scopes: readonly string[]
  /** Tenant of the token. */
  readonly providerSubaccountId: string
  readonly body?: object
}

/** Carries a callback out. @throws PlatformError SUBSCRIPTION_CALLBACK_FAILED when no answer came. */
export type CallApplication = (call: ApplicationCallback) => Promise<CallbackAnswer>

export interface SubscriptionsOptions {
  readonly repository: RegistryRepository
  readonly clock: Clock
  /** Without it, applications with a provisioning instance cannot be subscribed to. */
  readonly callApplication?: CallApplication
}

/** A subscription and whether this call made it. */
export interface Subscribed {
  readonly outcome: 'created' | 'existing'
  readonly subscription: Subscription
}

/** Subscribes subaccounts to applications. Only the operator gets here: who subscribes lets somebody else in. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #repository: RegistryRepository
  /** What is being worked on in this process. */
  readonly #busy: Set<string>

  constructor(options: SubscriptionsOptions) {
    this.#options = options
    this.#repository = options.repository
    this.#busy = new Set()
  }

  /** What the subaccount is subscribed to, oldest first. @throws PlatformError SUBACCOUNT_UNKNOWN */
  async list(subscriberSubaccountId: string): Promise<readonly Subscription[]> {
    return this.#repository.listSubscriptions((await this.#subscriber(subscriberSubaccountId)).id)
  }

  /**
   * Subscribes, or tells the application once more about a subscriber it has. An application with a provisioning instance
   * is asked for its dependencies first, then told about the subscriber (guide L16145); only when it agreed, it may act.
   * @param xsappname of an xsuaa instance; it is unique on the platform, so the provider follows from it.
   * @throws PlatformError SUBACCOUNT_UNKNOWN, APPLICATION_UNKNOWN, APPLICATION_DEDICATED, SUBSCRIPTION_TO_OWN,
   * SUBSCRIPTION_BUSY, SUBSCRIPTION_CALLBACK_FAILED, PROVISIONING_UNAVAILABLE
   */
  async subscribe(subscriberSubaccountId: string, xsappname: string): Promise<Subscribed> {
    const subscriber = await this.#subscriber(subscriberSubaccountId)
    const application = await this.#repository.findInstanceByName(xsappname)
    if (application?.service !== 'xsuaa') throw new PlatformError('APPLICATION_UNKNOWN', { xsappname })
    if (application.subaccountId === subscriber.id) throw new PlatformError('SUBSCRIPTION_TO_OWN', { xsappname })
    if (isDedicated(application.parameters)) throw new PlatformError('APPLICATION_DEDICATED', { xsappname })
    return this.#exclusively(subscriber, xsappname, async () => {
      const present = await this.#repository.findSubscription(subscriber.id, xsappname)
      const wanted: Subscription = {
        providerSubaccountId: application.subaccountId,
        xsappname,
        subscriberSubaccountId: subscriber.id,
        createdAtMs: present?.createdAtMs ?? this.#options.clock.now(),
        state: 'subscribed',
      }
      const provisioning = await this.#provisioning(wanted)
      const subscription =
        provisioning === undefined
          ? wanted
          : await this.#tellApplication(wanted, present, { application, provisioning, subscriber })
      await this.#repository.putSubscription(subscription)
      return { outcome: present?.state === 'subscribed' ? 'existing' : 'created', subscription }
    })
  }

  /**
   * Tokens that were issued before stay valid until they expire. An application with a provisioning instance is told
   * first, and keeps its rights until it agreed.
   * @throws PlatformError SUBSCRIPTION_UNKNOWN, SUBSCRIPTION_BUSY, SUBSCRIPTION_CALLBACK_FAILED, PROVISIONING_UNAVAILABLE
   */
  async unsubscribe(subscriberSubaccountId: string, xsappname: string): Promise<void> {
    const subscriber = await this.#subscriber(subscriberSubaccountId)
    await this.#exclusively(subscriber, xsappname, async () => {
      const present = await this.#repository.findSubscription(subscriber.id, xsappname)
      if (present === undefined) throw new PlatformError('SUBSCRIPTION_UNKNOWN', { xsappname })
      const provisioning = await this.#provisioning(present)
      const application = await this.#repository.findInstanceByName(xsappname)
      if (provisioning !== undefined && application !== undefined)
        try {
          assertUnsubscribed(
            await this.#call(application, {
              callback: 'onSubscription',
              method: 'DELETE',
              url: withTenant(provisioning.onSubscription, subscriber.id),
            }),
          )
        } catch (thrown) {
          await this.#remember({ ...present, state: leftState(present) }, thrown)
          throw thrown
        }
      await this.#repository.deleteSubscription(subscriber.id, xsappname)
    })
  }

  async #tellApplication(
    wanted: Subscription,
    present: Subscription | undefined,
    to: { application: ServiceInstance; provisioning: Provisioning; subscriber: Subaccount },
  ): Promise<Subscription> {
    const { application, provisioning, subscriber } = to
    try {
      const dependencies = dependenciesOf(
        await this.#call(application, {
          callback: 'getDependencies',
          method: 'GET',
          url: withTenant(provisioning.getDependencies, subscriber.id),
        }),
      )
      const url = applicationUrlOf(
        await this.#call(application, {
          callback: 'onSubscription',
          method: 'PUT',
          url: withTenant(provisioning.onSubscription, subscriber.id),
          body: subscriptionBody(wanted, subscriber, provisioning, dependencies),
        }),
      )
      return { ...wanted, dependencies, ...(url === undefined ? {} : { url }) }
    } catch (thrown) {
      // A subscriber stays one when only the repetition failed.
      if (present === undefined || present.state === 'subscribe-failed')
        await this.#remember({ ...wanted, state: 'subscribe-failed' }, thrown)
      throw thrown
    }
  }

  async #remember(subscription: Subscription, thrown: unknown): Promise<void> {
    const failure = failureOf(thrown)
    if (failure !== undefined) await this.#repository.putSubscription({ ...subscription, failure })
  }

  /** How the application wants to be told; undefined for one without a provisioning instance. */
  async #provisioning({ providerSubaccountId, xsappname }: Subscription): Promise<Provisioning | undefined> {
    const instance = provisioningOf(await this.#repository.listInstances(providerSubaccountId), xsappname)
    return instance && parseProvisioning(instance.parameters)
  }

  #call(
    { subaccountId, xsappname, parameters }: ServiceInstance,
    call: Omit<ApplicationCallback, 'scopes' | 'providerSubaccountId'>,
  ): Promise<CallbackAnswer> {
    const { callApplication } = this.#options
    if (callApplication === undefined) throw new PlatformError('PROVISIONING_UNAVAILABLE')
    const scopes = scopesForProvisioning(xsappname, parameters)
    return callApplication({ ...call, scopes, providerSubaccountId: subaccountId })
  }

  async #exclusively<T>(subscriber: Subaccount, xsappname: string, work: () => Promise<T>): Promise<T> {
    const key = `${subscriber.id}\n${xsappname}`
    if (this.#busy.has(key)) throw new PlatformError('SUBSCRIPTION_BUSY', { xsappname })
    this.#busy.add(key)
    try {
      return await work()
    } finally {
      this.#busy.delete(key)
    }
  }

  async #subscriber(given: string): Promise<Subaccount> {
    const subaccount = await this.#repository.findSubaccount(parseSubaccountId(given))
    if (subaccount === undefined) throw new PlatformError('SUBACCOUNT_UNKNOWN', { subaccountId: given })
    return subaccount
  }
}

/** A subscriber that never was one lets nobody in, whatever its end brought. */
function leftState({ state }: Subscription): Subscription['state'] {
  return state === 'subscribe-failed' ? state : 'unsubscribe-failed'
}

/** The body of `PUT onSubscription` (guide L16401). */
function subscriptionBody(
  { xsappname }: Subscription,
  subscriber: Subaccount,
  { appName }: Provisioning,
  dependencies: readonly string[],
): object {
  return {
    subscriptionAppName: appName,
    subscriptionAppId: xsappname,
    subscribedTenantId: subscriber.id,
    subscribedSubaccountId: subscriber.id,
    subscribedSubdomain: subscriber.subdomain,
    subscriptionAppPlan: 'default',
    subscriptionAppAmount: 1,
    dependantServiceInstanceAppIds: dependencies,
    additionalInformation: {},
  }
}
