export { advance, nextPhase, type Phase, type PhaseEvent } from './handshake-phase.ts'
export {
  type Socks5Answer,
  Socks5ReplyReader,
  socks5AuthRequest,
  socks5ConnectRequest,
  socks5Greeting,
} from './socks5-client.ts'
export { type Socks5Event, type Socks5Failure, Socks5Handshake, type Socks5Policy } from './socks5-handshake.ts'
export {
  AddressType,
  encodeAuthenticationReply,
  encodeConnectReply,
  encodeMethodReply,
  Socks5Method,
  Socks5Reply,
} from './wire.ts'
