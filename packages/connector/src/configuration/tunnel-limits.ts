import type { ConnectorConfiguration, ConnectorSettings, Subaccount } from './model.ts'

/** Whether requests share backend connections, or each connection of a client has its own (guide L31354). */
export const backendConnectionModes = ['pooled', 'perClientConnection'] as const
export type BackendConnectionMode = (typeof backendConnectionModes)[number]

/** What the guide calls advanced connectivity (guide L27789). */
export interface AdvancedConnectivity {
  /** Physical connections per application of the cloud side, unless something closer says otherwise. */
  readonly applicationTunnelConnections: number
  /** Kept for those who administer by the guide: one event loop serves all tunnels here. */
  readonly tunnelWorkerThreads: number
  /** Kept for the same reason: no call to a system blocks another one. */
  readonly protocolProcessorWorkerThreads: number
  readonly backendConnections: BackendConnectionMode
}

export const defaultAdvancedConnectivity: AdvancedConnectivity = {
  applicationTunnelConnections: 1,
  tunnelWorkerThreads: 10,
  protocolProcessorWorkerThreads: 20,
  backendConnections: 'pooled',
}

/** The settings in effect; what was stored by an earlier version may lack some. */
export function advancedConnectivityOf({ advancedConnectivity }: ConnectorSettings): AdvancedConnectivity {
  return { ...defaultAdvancedConnectivity, ...advancedConnectivity }
}

/** More would cost handshakes and memory, and carry nothing more. */
export const maxTunnelConnections = 16

/** How many physical connections one application of the cloud side gets (guide L27813). */
export interface ConnectionLimit {
  /** As the list of connections shows it: the name of a connectivity proxy. */
  readonly applicationName: string
  readonly connections: number
}

/** Connections per application of a subaccount: its own number where it has one, else that of the connector. */
export function connectionsOf({ settings }: ConnectorConfiguration, { tunnelConnections }: Subaccount): number {
  const { applicationTunnelConnections } = advancedConnectivityOf(settings)
  return tunnelConnections > 1 ? tunnelConnections : applicationTunnelConnections
}
