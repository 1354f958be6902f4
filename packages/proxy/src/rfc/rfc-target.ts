import { StreamKind, type StreamKindCode } from '@landbridge/tunnel'

/** What a CONNECT request of the RFC and LDAP proxy asks for, as the Cloud Connector is told. */
export interface ProxyTarget {
  readonly kind: StreamKindCode
  /** Lower case, except for the service name before an `@`. */
  readonly virtualHost: string
  readonly virtualPort: number
}

/** `service@host`, `service/group@host`, `number/group@host`: a gateway, or a message server with its logon group. */
const named =
  /^(sapgw[0-9]{2}s?|sapms[A-Za-z][A-Za-z0-9]{2}(?:\/[\x21-\x3f\x41-\x7e]{1,40})?|[1-9][0-9]{0,4}\/[\x21-\x3f\x41-\x7e]{1,40})@([^@/]+)$/

/**
 * Reads host and port of a request on port 20001 (docs/protocol/rfc-proxy.md): a service name before an `@` with port 0,
 * or a number. Numbers of gateways and message servers (33NN, 48NN, 36NN, 39NN) are RFC, all others LDAP; the mapping
 * in the Cloud Connector has the last word.
 * @returns null for a name with an `@` that is no such service, or one without a port
 */
export function rfcTarget(host: string, port: number): ProxyTarget | null {
  const service = named.exec(host)
  if (service !== null && port === 0) {
    const virtualHost = `${service[1]}@${(service[2] as string).toLowerCase()}`
    return { kind: StreamKind.rfc, virtualHost, virtualPort: 0 }
  }
  if (host.includes('@') || port === 0) return null
  const block = Math.trunc(port / 100)
  const isRfc = block === 33 || block === 48 || block === 36 || block === 39
  return { kind: isRfc ? StreamKind.rfc : StreamKind.ldap, virtualHost: host.toLowerCase(), virtualPort: port }
}

/** A CONNECT request of the SOCKS5 proxy: any TCP connection. */
export function tcpTarget(host: string, port: number): ProxyTarget {
  return { kind: StreamKind.tcp, virtualHost: host.toLowerCase(), virtualPort: port }
}
