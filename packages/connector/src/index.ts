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
