export { borrowReads } from './borrowed-reads.ts'
export { type ClientSession, hearClosed, isClientName, tellClosed } from './client-end.ts'
export { ControlChannel, type ControlMessage } from './control-channel.ts'
export { DirectWriter } from './direct-writer.ts'
export { writeGathered } from './gathered-write.ts'
export {
  emptyPreface,
  maxPrefaceBytes,
  type Preface,
  prefaceLength,
  readPreface,
  StreamKind,
  type StreamKindCode,
  undefinedToken,
  writePreface,
} from './preface.ts'
export { PrefixViews } from './prefix-views.ts'
export { type ReceivedToken, ReceivedTokens } from './received-tokens.ts'
export { SentTokens } from './sent-tokens.ts'
export { Session } from './session.ts'
export type { SessionOptions } from './session-options.ts'
export { ShortTexts } from './short-texts.ts'
export { SocketRelay } from './socket-relay.ts'
export { Stream, type StreamSink } from './stream.ts'
export { readDefinition } from './token-definition.ts'

/** ALPN protocol name (RFC 7301) of a tunnel connection. */
export const tunnelAlpn = 'landbridge/1'
