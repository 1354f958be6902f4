export { ControlChannel, type ControlMessage } from './control-channel.ts'
export {
  maxPrefaceBytes,
  type Preface,
  prefaceLength,
  readPreface,
  StreamKind,
  type StreamKindCode,
  writePreface,
} from './preface.ts'
export { Session, type SessionOptions } from './session.ts'
export { SocketRelay } from './socket-relay.ts'
export { Stream, type StreamSink } from './stream.ts'

/** ALPN protocol name (RFC 7301) of a tunnel connection. */
export const tunnelAlpn = 'landbridge/1'
