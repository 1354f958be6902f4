/** Where requests for on-premise systems of one subaccount are sent, in absolute form. */
export interface OnPremiseRoute {
  /** The connectivity proxy, for example `http://localhost:20003`. */
  readonly proxyUrl: string
  /** For `Proxy-Authorization`, without "Bearer". Secret. */
  readonly token: string
}

/** The way to token services behind a Cloud Connector (guide L7393-7395). */
export interface OnPremiseChannel {
  /** @throws PlatformError DESTINATION_TOKEN_FAILED when the subaccount has no such way */
  route(subaccountId: string): Promise<OnPremiseRoute>
}
