export { type AbapGateway, type AbapGatewayOptions, demoUser, type SeenCall, startAbapGateway } from './abap-gateway.ts'
export type {
  AbapCall,
  AbapFunction,
  AbapParameter,
  AbapResult,
  AbapSystem,
  AbapTable,
  AbapUser,
} from './abap-system.ts'
export {
  ClassicClient,
  type ClassicLogon,
  type ClassicReply,
  ClassicRfcError,
  callMessage,
  initializeRecord,
  logonMessage,
} from './classic-client.ts'
export { type EmulatedMessageServer, startMessageServer } from './message-server.ts'
export { scramblePassword, unscramblePassword } from './password.ts'
