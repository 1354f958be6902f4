import type { ConnectorRuntime } from '@landbridge/connector'

const noChannel = {
  ...{ connected: false, openedConnections: 0, clients: 0 },
  ...{ bytesReceived: 0, bytesSent: 0, connectedSinceMs: 0 },
}
const offline = { state: 'Disconnected', connectedSinceMs: 0, connections: 0, applicationConnections: [] } as const

/** Connects nothing: for processes of which only the configuration is of interest. */
export const idleRuntime: ConnectorRuntime = {
  apply() {},
  status: () => offline,
  trace() {},
  traffic: () => undefined,
  backendConnections: () => [],
  async openChannel() {},
  abandonChannel() {},
  channelStatus: () => noChannel,
  availableServices: async () => [],
  async channelSettled() {},
  async close() {},
}
