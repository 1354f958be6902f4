/** A connector's attempt to open a tunnel to this proxy. */
export interface TunnelHandshake {
  /** Of this proxy's making; the same for everything that is told about one connection. */
  readonly tunnelId: string
  /** Empty while no certificate has proved it. */
  readonly connectorId: string
  readonly subaccountId: string
  /** Why it failed; absent when it succeeded. */
  readonly failure?: string
}

/**
 * The audit message of a handshake (guide L32437), one line without its end. `data` is a document in a text, escaped as
 * JSON wants it. Connectors act for nobody, so the user is always the name that the guide has for none.
 */
export function handshakeAudit({ tunnelId, connectorId, subaccountId, failure }: TunnelHandshake): string {
  const data = {
    action: 'open connectivity tunnel',
    message: `tunnel handshake ${failure === undefined ? 'success' : 'failure'}`,
    tunnelId,
    objectName: 'connectivity tunnel management',
    clientId: connectorId,
    loggedByClass: 'com.sap.core.connectivity.tunnel.server.TunnelServerHandshaker',
    handshakeDetails: failure ?? 'success',
  }
  const event = { user: 'fallback_for_missing_user', data: JSON.stringify(data), tenant: subaccountId }
  return `[AUDIT-EVENT] ${JSON.stringify(event)}`
}
