export {
  type HttpHandler,
  startHttpBackend,
  startHttpsBackend,
  startWireBackend,
  type TestBackend,
  type WireBackend,
} from './backends.ts'
export { DataPlane, type DataPlaneOptions, testAuthority } from './data-plane.ts'
export { mapping, resource, tcpMapping } from './mappings.ts'
export { type NtlmBackend, ntlmBegin, ntlmFinish, ntlmPassword, startNtlmBackend } from './ntlm-backend.ts'
export { type ConnectorOptions, TestConnector } from './test-connector.ts'
export { TokenMint, type TokenOptions } from './token-mint.ts'
export { type WireAnswer, WireSocket } from './wire-socket.ts'
