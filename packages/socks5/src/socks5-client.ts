import { isIPv4 } from 'node:net'
import { ByteQueue } from './byte-queue.ts'
import { AddressType, authenticationVersion, connectCommand, Socks5Method, socksVersion } from './wire.ts'

/** The greeting of a client, by default `05 01 80`. */
export function socks5Greeting(methods: readonly number[] = [Socks5Method.token]): Buffer {
  return Buffer.of(socksVersion, methods.length, ...methods)
}

/**
 * The authentication request of method 0x80: token as is, location ID as base64 of UTF-8, empty for none.
 * @throws RangeError if the location ID takes more than 255 bytes in base64 (189 bytes of UTF-8)
 */
export function socks5AuthRequest(token: string, locationId = ''): Buffer {
  const tokenBytes = Buffer.from(token, 'utf8')
  const location = Buffer.from(Buffer.from(locationId, 'utf8').toString('base64'), 'latin1')
  if (location.length > 255) throw new RangeError('The location ID is too long for SOCKS5')
  const head = Buffer.alloc(5)
  head[0] = authenticationVersion
  head.writeUInt32BE(tokenBytes.length, 1)
  return Buffer.concat([head, tokenBytes, Buffer.of(location.length), location])
}

/**
 * The CONNECT request. A host of four numbers from 0 to 255 goes as IPv4 address, any other as name.
 * @throws RangeError if host or port do not fit
 */
export function socks5ConnectRequest(host: string, port: number): Buffer {
  const name = Buffer.from(host, 'utf8')
  if (name.length === 0 || name.length > 255) throw new RangeError('The host does not fit into a SOCKS5 request')
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new RangeError('The port is not a port')
  const address = isIPv4(host)
    ? Buffer.of(AddressType.ipv4, ...host.split('.').map(Number))
    : Buffer.concat([Buffer.of(AddressType.domain, name.length), name])
  const portBytes = Buffer.of(port >> 8, port & 255)
  return Buffer.concat([Buffer.of(socksVersion, connectCommand, 0), address, portBytes])
}

/** What a server answered, in order; `status` 0 means success. `malformed` is final. */
export type Socks5Answer =
  | { readonly kind: 'method'; readonly method: number }
  | { readonly kind: 'authentication'; readonly status: number }
  | { readonly kind: 'connect'; readonly status: number }
  | { readonly kind: 'malformed'; readonly reason: string }

type Expected = 'method' | 'authentication' | 'connect' | 'nothing'

/** Reads the replies of a SOCKS5 server, cut anywhere. Bytes behind the CONNECT reply are payload: takeRest. */
export class Socks5ReplyReader {
  readonly #queue: ByteQueue
  #expected: Expected

  constructor() {
    this.#queue = new ByteQueue()
    this.#expected = 'method'
  }

  push(chunk: Buffer): readonly Socks5Answer[] {
    this.#queue.append(chunk)
    const answers: Socks5Answer[] = []
    for (let answer = this.#next(); answer !== undefined; answer = this.#next()) answers.push(answer)
    return answers
  }

  takeRest(): Buffer {
    return this.#queue.takeAll()
  }

  #next(): Socks5Answer | undefined {
    if (this.#expected === 'nothing' || this.#queue.length < 2) return undefined
    const version = this.#expected === 'authentication' ? authenticationVersion : socksVersion
    if (this.#queue.at(0) !== version) return this.#malformed(`version ${this.#queue.at(0)}`)
    if (this.#expected === 'connect') return this.#readConnect()
    const value = this.#queue.at(1)
    this.#queue.drop(2)
    if (this.#expected === 'authentication') {
      this.#expected = value === 0 ? 'connect' : 'nothing'
      return { kind: 'authentication', status: value }
    }
    this.#expected =
      value === Socks5Method.token ? 'authentication' : value === Socks5Method.none ? 'connect' : 'nothing'
    return { kind: 'method', method: value }
  }

  #readConnect(): Socks5Answer | undefined {
    const queue = this.#queue
    if (queue.length < 5) return undefined
    const type = queue.at(3)
    const lengths: Readonly<Record<number, number>> = { 1: 10, 3: 7 + queue.at(4), 4: 22 }
    const length = lengths[type]
    if (length === undefined) return this.#malformed(`address type ${type}`)
    if (queue.length < length) return undefined
    const status = queue.at(1)
    queue.drop(length)
    this.#expected = 'nothing'
    return { kind: 'connect', status }
  }

  #malformed(reason: string): Socks5Answer {
    this.#expected = 'nothing'
    return { kind: 'malformed', reason }
  }
}
