export * from './administration/index.ts'
export * from './availability/index.ts'
export { BackendPool, type BackendTimeouts, defaultBackendTimeouts } from './backend/backend-pool.ts'
export * from './backup/index.ts'
export { channelFailureText } from './channels/channel-requests.ts'
export type { ChannelSpec, ChannelStatus } from './channels/channel-spec.ts'
export type { AvailableService } from './channels/service-questions.ts'
export * from './configuration/index.ts'
export { type DialOptions, dialTls } from './dial/dial-tls.ts'
export * from './high-availability/index.ts'
export { TunnelLink, type TunnelLinkOptions, type TunnelRequest } from './link/tunnel-link.ts'
export * from './pairing/index.ts'
export * from './propagation/index.ts'
export * from './rfc/index.ts'
export { createRuntime, type RuntimeOptions } from './runtime.ts'
export type {
  ApplicationConnection,
  BackendTrust,
  ConnectFailure,
  ConnectorRuntime,
  ConnectorSnapshot,
  DomainMapping,
  HttpsProxy,
  RegionEndpoint,
  SubaccountRuntime,
  SystemCertificate,
  TrustedIssuer,
  TunnelState,
  TunnelStatus,
} from './runtime-port.ts'
export { StreamAcceptor } from './stream-acceptor.ts'
export type {
  AccessRecord,
  DeniedAccess,
  IdentityDecision,
  IdentityPropagation,
  IdentityRefusal,
  SubaccountContext,
} from './subaccount-context.ts'
export type { PayloadTrace } from './trace/exchange-trace.ts'
export * from './traffic/index.ts'
