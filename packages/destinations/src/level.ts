/**
 * Where a destination lives (guide L13876-13892). The instance of a subscription level belongs to a provider, the
 * subaccount is the subscriber: every pair of the two is a level of its own.
 */
export interface Level {
  readonly kind: 'subaccount' | 'instance' | 'subscription'
  readonly subaccountId: string
  /** Empty on subaccount level. */
  readonly instanceId: string
}

/** Who calls, as the verified access token says; no request parameter can change it. */
export interface Scope {
  /** Subaccount of the token's tenant. */
  readonly subaccountId: string
  readonly instanceId: string
  /** Subaccount in which the service instance was created. */
  readonly instanceSubaccountId: string
}

export function subaccountLevel(scope: Pick<Scope, 'subaccountId'>): Level {
  return { kind: 'subaccount', subaccountId: scope.subaccountId, instanceId: '' }
}

/** The level behind the instance paths: the same path means another level when a subscriber's token calls. */
export function instanceLevel(scope: Scope): Level {
  const kind = scope.subaccountId === scope.instanceSubaccountId ? 'instance' : 'subscription'
  return { kind, subaccountId: scope.subaccountId, instanceId: scope.instanceId }
}

/** The order of the search (guide L11461-11467): the nearer level first, never another tenant's. */
export function searchOrder(scope: Scope): readonly Level[] {
  return [instanceLevel(scope), subaccountLevel(scope)]
}
