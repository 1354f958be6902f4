export {
  AppcFunction,
  type AppcRecord,
  type AppcReply,
  appcHeadBytes,
  readAppcRecord,
  writeAppcReply,
} from './appc-record.ts'
export { denialReply, logonDenialReply } from './denial.ts'
export {
  type GatewayRecord,
  type GatewayRecordFields,
  type GatewayRefusal,
  gatewayRecordBytes,
  readGatewayRecord,
  writeGatewayRecord,
} from './gateway-record.ts'
export {
  isMessageServerAnswer,
  type LogonServer,
  logonGroupRequest,
  logonServerAnswer,
  maxMessageServerBytes,
  messageServerLogin,
  messageServerLoginAnswer,
  messageServerLogout,
  readLogonServer,
} from './message-server.ts'
export { type RfcElement, writeChain, writeMessage } from './message-writer.ts'
export { isNiKeepAlive, NiFrameReader, niFrame, niHeadBytes, niPing, niPong } from './ni-frames.ts'
export { type PartnerRefusal, type RfcPartner, redirectInitialize, redirectPartner } from './partner.ts'
export { RefusingGateway } from './refusing-gateway.ts'
export {
  defaultRfcLimits,
  type RfcDenial,
  RfcGuard,
  type RfcGuardOutput,
  type RfcLimits,
  type RfcRules,
} from './rfc-guard.ts'
export { logonSignature, RfcTag } from './rfc-tag.ts'
export { readFunctionName, readText, writeText } from './rfc-text.ts'
export { type ChainFault, TagChain } from './tag-chain.ts'
