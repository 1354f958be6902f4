export { type BackendTimeouts, defaultBackendTimeouts } from './backend/backend-pool.ts'
export { type DialOptions, dialTls } from './dial/dial-tls.ts'
export { createRuntime, type RuntimeOptions } from './runtime.ts'
export type {
  ApplicationConnection,
  BackendTrust,
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
export type { DeniedAccess, IdentityDecision, IdentityPropagation } from './subaccount-context.ts'
