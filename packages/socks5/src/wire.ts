/** Bytes of SOCKS5 (RFC 1928) and of the token authentication 0x80 (guide L12574 to L13031). */
export const socksVersion = 5
export const authenticationVersion = 1

/** Authentication methods of the greeting. */
export const Socks5Method = { none: 0x00, token: 0x80, noneAcceptable: 0xff } as const

export const AddressType = { ipv4: 1, domain: 3, ipv6: 4 } as const
export type AddressType = (typeof AddressType)[keyof typeof AddressType]

export const connectCommand = 1

/** Status of a CONNECT reply and its cause here (guide L12992 to L13031). 06 does not exist: it is never sent. */
export const Socks5Reply = {
  succeeded: 0,
  /** Backend closed the connection during set-up, malformed request, any other failure. */
  failure: 1,
  /** No matching host mapping. */
  forbidden: 2,
  /** No connector for tenant and location. */
  networkUnreachable: 3,
  /** The connector cannot open the back-end connection. */
  hostUnreachable: 4,
  /** An authentication problem found at CONNECT time. */
  connectionRefused: 5,
  commandUnsupported: 7,
  addressUnsupported: 8,
} as const
export type Socks5Reply = (typeof Socks5Reply)[keyof typeof Socks5Reply]

/** Answer to the greeting: `05 <method>`. */
export function encodeMethodReply(method: number): Buffer {
  return Buffer.of(socksVersion, method)
}

/** Answer to the authentication request: `01 00` or `01 05`. */
export function encodeAuthenticationReply(isAccepted: boolean): Buffer {
  return Buffer.of(authenticationVersion, isAccepted ? 0 : Socks5Reply.connectionRefused)
}

/**
 * Answer to CONNECT: always ten bytes with an IPv4 address of zeros, because the reference client reads the rest of
 * types 01 and 03 only and expects it at once (guide L12963). Write it in one piece.
 */
export function encodeConnectReply(status: Socks5Reply): Buffer {
  return Buffer.of(socksVersion, status, 0, AddressType.ipv4, 0, 0, 0, 0, 0, 0)
}
