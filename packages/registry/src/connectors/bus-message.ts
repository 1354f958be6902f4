import type { ChannelWish } from './channel-request.ts'

/** Messages between replicas. Structurally the bus of the store; at most once, so nothing may depend on one alone. */
export interface MessageBus {
  publish(channel: string, message: string): Promise<void>
  subscribe(channel: string, listener: (message: string) => void): () => void
}

/** The channel of everything about connectors. */
export const connectorChannel = 'landbridge-connectors'

export interface ConnectorPlace {
  readonly subaccountId: string
  readonly locationId: string
  readonly connectorId: string
}

/** What a proxy learns about connectors, from whichever replica it asks. */
export type ConnectorEvent =
  | (ConnectorPlace & { readonly type: 'connector-connected' | 'connector-disconnected' })
  | {
      readonly type: 'certificate-revoked'
      readonly fingerprint: string
      readonly subaccountId: string
      readonly reason: string
    }
  /** The ticket is named by its SHA-256, because every proxy can hear this. */
  | (ConnectorPlace & {
      readonly type: 'tunnel-result'
      readonly ticketDigest: string
      readonly ok: boolean
      readonly reason: string
    })
  /** A connector wants a tunnel for a service channel; each proxy of its subaccount answers. */
  | (ConnectorPlace & ChannelWish & { readonly type: 'channel-requested' })
  /** A connector asks which services channels of a type could reach; each proxy of its subaccount answers. */
  | (ConnectorPlace & { readonly type: 'services-requested'; readonly request: string; readonly kind: string })

/** What one replica asks of the others. */
export type ReplicaOrder =
  | { readonly type: 'deliver'; readonly sessionId: string; readonly message: object }
  | { readonly type: 'replaced'; readonly sessionId: string }
  /** An empty subaccount ID means all. */
  | { readonly type: 'trust-changed'; readonly subaccountId: string }

/** `from` is the replica that published: it has acted already and ignores its own echo. */
export interface BusMessage {
  readonly from: string
  readonly event?: ConnectorEvent
  readonly order?: ReplicaOrder
}

/** The bus is shared with other versions of the platform: what this one cannot read, it ignores. */
export function parseBusMessage(text: string): BusMessage | undefined {
  try {
    const message: unknown = JSON.parse(text)
    return typeof message === 'object' && message !== null && 'from' in message ? (message as BusMessage) : undefined
  } catch {
    return undefined
  }
}
