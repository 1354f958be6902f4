export {
  Denial,
  type DenialName,
  denialName,
  type HttpAllowed,
  type HttpDecision,
  type RfcAllowed,
  type RfcDecision,
  type TcpAllowed,
  type TcpDecision,
} from './decision.ts'
export { type AccessExplanation, type AccessQuestion, explainAccess } from './explain.ts'
export {
  type AuthenticationMode,
  authenticationModes,
  type BackendType,
  type BlockedUser,
  backendTypes,
  type HostInHeader,
  isByteStream,
  isHttp,
  isRfc,
  isTcp,
  isTls,
  type Protocol,
  protocols,
  type Resource,
  type SystemMapping,
} from './model.ts'
export { isSafePath } from './path-safety.ts'
export { type PortRange, parsePort } from './port.ts'
export { ResourceIndex } from './resource-index.ts'
export type { System } from './system.ts'
export { type AccessTable, compileAccess } from './table.ts'
export {
  checkMapping,
  checkResource,
  type EntryProblem,
  effectiveModes,
  findOverlap,
} from './validate.ts'
