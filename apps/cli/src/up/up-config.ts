import { notificationsConfigSchema } from '@landbridge/connectivity-service'
import { type Static, Type } from '@sinclair/typebox'
import { upIdentitySchema } from '../compose/identity-config.ts'

function port(standard: number, what: string) {
  return Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: standard,
    description: `Port of ${what}; 0 picks a free one.`,
  })
}

/**
 * Configuration of `landbridge up`. A port that nobody sets moves to a free one when its default is taken; a port that
 * was set never moves.
 */
export const upConfigSchema = Type.Object({
  host: Type.String({
    default: '127.0.0.1',
    description: 'Address that everything listens on. `up` is made for one machine: keep it on a loopback address.',
  }),
  logLevel: Type.Union([Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')], {
    default: 'info',
    description: 'Least severe events that go to landbridge.log in the data directory.',
  }),
  identity: upIdentitySchema,
  notifications: Type.Object(notificationsConfigSchema.properties, {
    description: 'Who is told of certificates that are renewed or end, and how.',
  }),
  ports: Type.Object(
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
  ),
})

export type UpConfig = Static<typeof upConfigSchema>
export type PortName = keyof UpConfig['ports']
export type Ports = Readonly<Record<PortName, number>>

/** The option of `landbridge up` that sets a port: `backendHttp` is `--port-backend-http`. */
export function portOption(name: PortName): string {
  return `port-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

export const portNames = Object.keys(upConfigSchema.properties.ports.properties) as PortName[]
