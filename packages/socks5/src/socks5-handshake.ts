import { ByteQueue } from './byte-queue.ts'
import { advance, type Phase } from './handshake-phase.ts'
import { decodeLocationId } from './location-id.ts'
import { isVisibleAscii } from './visible-ascii.ts'
import {
  AddressType,
  authenticationVersion,
  connectCommand,
  encodeAuthenticationReply,
  encodeConnectReply,
  encodeMethodReply,
  Socks5Method,
  Socks5Reply,
  socksVersion,
} from './wire.ts'

export interface Socks5Policy {
  /** Accepted methods, preferred first: [0x80], or [0x80, 0x00] where nobody has to authenticate. */
  readonly methods: readonly number[]
  /** Longest token; a longer one is refused when its length arrives, before its bytes do. Default 65,536. */
  readonly maxTokenBytes?: number
  /** Most bytes that may wait while the caller decides or connects. Default 262,144. */
  readonly maxEarlyBytes?: number
}

/** Why a handshake failed; for logs and metrics. */
export type Socks5Failure =
  | 'version'
  | 'method'
  | 'authentication-version'
  | 'token-too-long'
  | 'token-malformed'
  | 'location-malformed'
  | 'authentication-refused'
  | 'command'
  | 'address-type'
  | 'host-malformed'
  | 'early-data'
  | 'connect-refused'

export type Socks5Event =
  /** Write these bytes. */
  | { readonly kind: 'reply'; readonly bytes: Buffer }
  /** Check the token, then call accept or reject. The token may be empty; it never holds white space or controls. */
  | { readonly kind: 'authenticate'; readonly token: string; readonly locationId: string }
  /** Open the connection, then call succeed or fail. */
  | { readonly kind: 'connect'; readonly host: string; readonly port: number; readonly addressType: AddressType }
  /** Write the reply if it is not empty, then end the connection. Later bytes are ignored. */
  | { readonly kind: 'failed'; readonly reply: Buffer; readonly reason: Socks5Failure }

/**
 * The server side of a SOCKS5 handshake as a machine over bytes (RFC 1928, guide L12551 to L13031). It owns no socket:
 * feed what arrives to `push` and carry out the events in order. The bytes may be cut anywhere or come all at once.
 * Pause the socket between `authenticate` and accept, and between `connect` and succeed.
 */
export class Socks5Handshake {
  readonly #methods: readonly number[]
  readonly #maxTokenBytes: number
  readonly #maxEarlyBytes: number
  readonly #queue: ByteQueue
  #phase: Phase
  #events: Socks5Event[]

  constructor(policy: Socks5Policy) {
    this.#methods = policy.methods
    this.#maxTokenBytes = policy.maxTokenBytes ?? 65_536
    this.#maxEarlyBytes = policy.maxEarlyBytes ?? 262_144
    this.#queue = new ByteQueue()
    this.#phase = 'greeting'
    this.#events = []
  }

  get phase(): Phase {
    return this.#phase
  }

  /** Takes bytes of the client and keeps no reference. MUST NOT be called after succeed: then bytes are payload. */
  push(chunk: Buffer): readonly Socks5Event[] {
    if (this.#phase === 'failed') return []
    if (this.#phase === 'established') throw new TypeError('The SOCKS5 handshake is over: relay the bytes')
    this.#queue.append(chunk)
    return this.#run()
  }

  /** The token is good. Returns `01 00`, and what waiting bytes lead to. */
  accept(): readonly Socks5Event[] {
    this.#phase = advance(this.#phase, 'accepted')
    this.#events.push({ kind: 'reply', bytes: encodeAuthenticationReply(true) })
    return this.#run()
  }

  /** The token is not good. Returns the failure with `01 05`. */
  reject(): readonly Socks5Event[] {
    if (this.#phase !== 'deciding') throw new TypeError('A SOCKS5 token was not asked for')
    this.#fail('authentication-refused', encodeAuthenticationReply(false))
    return this.#take()
  }

  /** The connection is open. Returns the reply to write; then relay takeRest() and everything that arrives. */
  succeed(): Buffer {
    this.#phase = advance(this.#phase, 'connected')
    return encodeConnectReply(Socks5Reply.succeeded)
  }

  /** The connection cannot be opened. Returns the reply to write before the connection is ended. */
  fail(status: Exclude<Socks5Reply, 0>): Buffer {
    if (this.#phase !== 'connecting') throw new TypeError('A SOCKS5 connection was not asked for')
    const reply = encodeConnectReply(status)
    this.#fail('connect-refused', reply)
    this.#events = []
    return reply
  }

  /** Bytes behind the CONNECT request: payload that arrived early. Call once, after succeed. */
  takeRest(): Buffer {
    return this.#queue.takeAll()
  }

  #run(): readonly Socks5Event[] {
    let before: Phase
    do {
      before = this.#phase
      if (before === 'greeting') this.#readGreeting()
      else if (before === 'authentication') this.#readAuthentication()
      else if (before === 'request') this.#readRequest()
    } while (this.#phase !== before)
    const isWaiting = this.#phase === 'deciding' || this.#phase === 'connecting'
    if (isWaiting && this.#queue.length > this.#maxEarlyBytes) this.#refuseEarlyData()
    return this.#take()
  }

  #take(): readonly Socks5Event[] {
    const events = this.#events
    this.#events = []
    return events
  }

  #fail(reason: Socks5Failure, reply: Buffer): void {
    this.#phase = advance(this.#phase, 'refused')
    this.#queue.takeAll()
    this.#events.push({ kind: 'failed', reply, reason })
  }

  #refuseEarlyData(): void {
    const isDeciding = this.#phase === 'deciding'
    this.#fail('early-data', isDeciding ? encodeAuthenticationReply(false) : encodeConnectReply(Socks5Reply.failure))
  }

  /** `05 <count> <methods…>` */
  #readGreeting(): void {
    const queue = this.#queue
    if (queue.length === 0) return
    if (queue.at(0) !== socksVersion) {
      this.#fail('version', Buffer.alloc(0))
      return
    }
    if (queue.length < 2) return
    const behind = 2 + queue.at(1)
    if (queue.length < behind) return
    const offered = queue.slice(2, behind)
    const method = this.#methods.find((candidate) => offered.includes(candidate))
    if (method === undefined) {
      this.#fail('method', encodeMethodReply(Socks5Method.noneAcceptable))
      return
    }
    queue.drop(behind)
    this.#phase = advance(this.#phase, method === Socks5Method.none ? 'methodNone' : 'methodToken')
    this.#events.push({ kind: 'reply', bytes: encodeMethodReply(method) })
  }

  /** `01 <token length, 4> <token> <location length, 1> <location ID in base64>` */
  #readAuthentication(): void {
    const queue = this.#queue
    if (queue.length === 0) return
    if (queue.at(0) !== authenticationVersion) {
      this.#refuse('authentication-version')
      return
    }
    if (queue.length < 5) return
    const tokenEnd = 5 + queue.uint32At(1)
    if (tokenEnd - 5 > this.#maxTokenBytes) {
      this.#refuse('token-too-long')
      return
    }
    if (queue.length <= tokenEnd) return
    const behind = tokenEnd + 1 + queue.at(tokenEnd)
    if (queue.length < behind) return
    const token = queue.slice(5, tokenEnd)
    if (!isVisibleAscii(token)) {
      this.#refuse('token-malformed')
      return
    }
    const locationId = decodeLocationId(queue.slice(tokenEnd + 1, behind))
    if (locationId === undefined) {
      this.#refuse('location-malformed')
      return
    }
    this.#events.push({ kind: 'authenticate', token: token.toString('latin1'), locationId })
    queue.drop(behind)
    this.#phase = advance(this.#phase, 'credentials')
  }

  #refuse(reason: Socks5Failure): void {
    this.#fail(reason, encodeAuthenticationReply(false))
  }

  /** `05 <command> <reserved> <address type> <address> <port, 2>` */
  #readRequest(): void {
    const queue = this.#queue
    if (queue.length === 0) return
    if (queue.at(0) !== socksVersion) {
      this.#fail('version', encodeConnectReply(Socks5Reply.failure))
      return
    }
    if (queue.length < 5) return
    if (queue.at(1) !== connectCommand) {
      this.#fail('command', encodeConnectReply(Socks5Reply.commandUnsupported))
      return
    }
    const addressType = queue.at(3)
    if (addressType !== AddressType.ipv4 && addressType !== AddressType.domain) {
      this.#fail('address-type', encodeConnectReply(Socks5Reply.addressUnsupported))
      return
    }
    const isIpv4 = addressType === AddressType.ipv4
    const end = isIpv4 ? 8 : 5 + queue.at(4)
    if (queue.length < end + 2) return
    const address = queue.slice(isIpv4 ? 4 : 5, end)
    if (!isIpv4 && (address.length === 0 || !isVisibleAscii(address))) {
      this.#fail('host-malformed', encodeConnectReply(Socks5Reply.failure))
      return
    }
    const host = isIpv4 ? address.join('.') : address.toString('latin1')
    this.#events.push({ kind: 'connect', host, port: queue.uint16At(end), addressType })
    queue.drop(end + 2)
    this.#phase = advance(this.#phase, 'target')
  }
}
