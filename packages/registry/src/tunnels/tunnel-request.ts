/** What a proxy asks for: a tunnel from a connector of this subaccount and location to its tunnel server. */
export interface TunnelRequest {
  readonly subaccountId: string
  readonly locationId: string
  /** Single-use secret by which the tunnel server recognises the connection. */
  readonly ticket: string
  /** Where the connector shall dial. */
  readonly host: string
  readonly port: number
  /** Name that the tunnel server's certificate must have. */
  readonly serverName: string
  readonly proxyId: string
  readonly displayName: string
  /** The answer to a connector's wish for a service channel: for that connector only. */
  readonly channel?: { readonly request: string; readonly connectorId: string }
}

/** A connector that was told to dial. */
export interface ChosenConnector {
  readonly connectorId: string
  readonly version: string
  readonly fingerprint: string
  readonly connectedSinceMs: number
}

export type AttemptState = 'pending' | 'opened' | 'failed'

/** One request to one connector, kept for diagnosis. The ticket itself is not kept. */
export interface TunnelAttempt {
  readonly subaccountId: string
  readonly locationId: string
  readonly connectorId: string
  /** SHA-256 of the ticket, hex. */
  readonly ticketDigest: string
  readonly displayName: string
  readonly atMs: number
  readonly state: AttemptState
  /** Why it failed, in words of the connector or of this service; empty otherwise. */
  readonly reason: string
}
