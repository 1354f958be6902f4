/** `subscribe-failed` lets nobody in; `unsubscribe-failed` still does, until the application has agreed. */
export type SubscriptionState = 'subscribed' | 'subscribe-failed' | 'unsubscribe-failed'

/** Why a callback of an application did not do what was asked. */
export interface SubscriptionFailure {
  readonly callback: 'getDependencies' | 'onSubscription'
  /** HTTP status of the answer; absent when none came. */
  readonly status?: number
  readonly reason: string
}

/** One subaccount uses an application of another: the application may then work on its behalf (guide L12082). */
export interface Subscription {
  readonly providerSubaccountId: string
  /** The application, by the name of its xsuaa instance in the provider subaccount. */
  readonly xsappname: string
  readonly subscriberSubaccountId: string
  readonly createdAtMs: number
  readonly state: SubscriptionState
  /**
   * The `appId`s that the application named as its dependencies (guide L16172). Absent for an application without a
   * provisioning instance, which says nothing about them.
   */
  readonly dependencies?: readonly string[]
  /** Where the subscriber finds the application, as it answered itself (guide L16386). */
  readonly url?: string
  /** Why the state is a failed one. */
  readonly failure?: SubscriptionFailure
}

/** Whether an instance of the provider may act for the subscriber. */
export function letsIn({ state, xsappname, dependencies }: Subscription, instanceName: string): boolean {
  if (state === 'subscribe-failed') return false
  if (dependencies === undefined || instanceName === xsappname) return true
  // Applications name a service by its instance, or as the guide does by the service alone (`connectivity!b137`).
  const service = instanceName.slice(instanceName.indexOf('|') + 1)
  return dependencies.includes(instanceName) || dependencies.includes(service)
}
