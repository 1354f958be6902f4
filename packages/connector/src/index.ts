export * from './administration/index.ts'
export * from './configuration/index.ts'
export * from './pairing/index.ts'
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
