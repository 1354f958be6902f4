/** One subaccount uses an application of another: the application may then work on its behalf (guide L12082). */
export interface Subscription {
  readonly providerSubaccountId: string
  /** The application, by the name of its xsuaa instance in the provider subaccount. */
  readonly xsappname: string
  readonly subscriberSubaccountId: string
  readonly createdAtMs: number
}
