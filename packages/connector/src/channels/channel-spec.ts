/** A service channel as the running side knows it: a local port and what it leads to. */
export interface ChannelSpec {
  readonly id: number
  /** Type of the channel, which says how `service` is meant. */
  readonly kind: string
  /** Cluster host, `host[:port]`; empty for types without one. */
  readonly host: string
  readonly service: string
  readonly port: number
  /** Physical connections. */
  readonly connections: number
}

/** How a channel is doing at this moment. */
export interface ChannelStatus {
  /** At least one physical connection is open, and the local port. */
  readonly connected: boolean
  /** Physical connections, those that carry nothing just now included. */
  readonly openedConnections: number
  /** Connections of clients that are open. */
  readonly clients: number
  /** Payload from and to the cloud since the channel was opened, of clients that are gone too. */
  readonly bytesReceived: number
  readonly bytesSent: number
  /** When the channel was connected for the first time since it was enabled; 0 if it never was. */
  readonly connectedSinceMs: number
  /** Why it is not connected, one line for an administrator. */
  readonly lastError?: string
}

export const noChannel: ChannelStatus = {
  connected: false,
  openedConnections: 0,
  clients: 0,
  bytesReceived: 0,
  bytesSent: 0,
  connectedSinceMs: 0,
}

export function sameChannel(one: ChannelSpec, other: ChannelSpec): boolean {
  return one.port === other.port && sameTarget(one, other) && one.connections === other.connections
}

export function sameTarget(one: ChannelSpec, other: ChannelSpec): boolean {
  return one.kind === other.kind && one.host === other.host && one.service === other.service
}
