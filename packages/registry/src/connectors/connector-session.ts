/** One connected control session, as all replicas see it. */
export interface ConnectorSession {
  readonly sessionId: string
  /** The replica that holds the connection. */
  readonly replicaId: string
  readonly subaccountId: string
  readonly locationId: string
  readonly connectorId: string
  readonly version: string
  readonly description: string
  /** Of the installation as a whole. */
  readonly connectorDescription: string
  readonly haRole: string
  readonly loadSharing: boolean
  readonly fingerprint: string
  readonly serial: string
  readonly remoteAddress: string
  readonly connectedSinceMs: number
  /** The session counts as gone after this moment unless its replica renews it. */
  readonly leaseUntilMs: number
}

export type ClaimDecision =
  | {
      readonly kind: 'accepted' /** Older sessions of the same connector, to be closed. */
      readonly replaced: readonly ConnectorSession[]
    }
  | { readonly kind: 'taken'; readonly by: ConnectorSession }

/**
 * May `candidate` connect beside `present`, the live sessions of its subaccount and location? At most one connector
 * serves a location (guide L18829), unless all of them chose load sharing. A connector's own older session never
 * stands in its way: it is what a broken connection leaves behind.
 */
export function decideClaim(present: readonly ConnectorSession[], candidate: ConnectorSession): ClaimDecision {
  const others = present.filter((session) => session.connectorId !== candidate.connectorId)
  const blocker = others.find((session) => !(session.loadSharing && candidate.loadSharing))
  if (blocker !== undefined) return { kind: 'taken', by: blocker }
  return { kind: 'accepted', replaced: present.filter((session) => session.connectorId === candidate.connectorId) }
}
