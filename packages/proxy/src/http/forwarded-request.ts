import { type RequestHead, requestLimits } from '@landbridge/http1'
import {
  emptyPreface,
  maxPrefaceBytes,
  type Preface,
  type SentTokens,
  ShortTexts,
  StreamKind,
  writePreface,
} from '@landbridge/tunnel'
import type { Caller } from '../authorization/access-policy.ts'
import { forwardSlack, writeForwardHead } from './forward-head.ts'

/** The begin of a body that comes with its head goes with it: a short request is one frame. */
export const copiedBodyBytes = 4 * 1024
/** Shared by all connections of the process: written, and handed to the tunnel, within one call. */
export const scratch = Buffer.allocUnsafeSlow(
  maxPrefaceBytes + requestLimits.maxHeadBytes + forwardSlack + copiedBodyBytes,
)
const defaultPort = 80
const hosts = new ShortTexts((host) => host.toLowerCase())

/** Filled for each request and written at once; never kept. */
const preface: Preface = {
  kind: StreamKind.http,
  ...emptyPreface,
  clientConnection: '',
}

/**
 * Writes what a tunnel stream begins with: the preface, which says where to and who asks, and the request head.
 * @param clientConnection name of the client connection, '' where the connector does not want to know it.
 * @param tokens of the session on which they leave next.
 * @returns the offset behind them in `scratch`.
 */
export function writeForwarded(
  source: Buffer,
  head: RequestHead,
  caller: Caller,
  clientConnection: string,
  tokens: SentTokens | null,
): number {
  preface.virtualHost = hosts.read(source, head.hostStart, head.hostEnd)
  preface.virtualPort = head.port < 0 ? defaultPort : head.port
  preface.userToken = caller.userToken
  preface.technicalToken = caller.technicalToken
  preface.clientId = caller.clientId
  preface.clientConnection = clientConnection
  return writeForwardHead(source, head, scratch, writePreface(scratch, 0, preface, tokens))
}
