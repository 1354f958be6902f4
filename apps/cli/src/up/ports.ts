import { type Static, Type } from '@sinclair/typebox'

function port(standard: number, what: string) {
  return Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: standard,
    description: `Port of ${what}; 0 picks a free one.`,
  })
}

/**
 * Ports of `landbridge up`. In a file of their own, because every command builds the options of `up` and few need the
 * services whose configuration stands next to them.
 */
export const portsSchema = Type.Object(
  {
    token: port(8081, 'the token service (https)'),
    destination: port(8082, 'the destination service (http)'),
    destinationTls: port(8084, 'the destination service for callers with a client certificate (https)'),
    connectivity: port(8083, 'the connectivity service (https)'),
    proxy: port(20_003, 'the HTTP proxy'),
    socks: port(20_004, 'the SOCKS5 proxy'),
    rfc: port(20_001, 'the RFC and LDAP proxy'),
    tunnel: port(8042, 'the tunnel server'),
    connector: port(8443, 'the REST API of the Cloud Connector (https)'),
    backendHttp: port(18_080, 'the HTTP demo backend'),
    backendTcp: port(18_081, 'the TCP demo backend'),
  },
  { description: 'Where each component listens.' },
)

export type PortName = keyof typeof portsSchema.properties
export type Ports = Static<typeof portsSchema>

/** The option of `landbridge up` that sets a port: `backendHttp` is `--port-backend-http`. */
export function portOption(name: PortName): string {
  return `port-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

export const portNames = Object.keys(portsSchema.properties) as PortName[]
