import { type Static, Type } from '@sinclair/typebox'

/** Configuration of the connectivity service. */
export const connectivityServiceConfigSchema = Type.Object(
  {
    host: Type.String({ default: '127.0.0.1', description: 'IP address to listen on. Loopback unless set.' }),
    port: Type.Integer({ minimum: 0, maximum: 65_535, default: 8083, description: 'TLS port of all endpoints.' }),
    regionHost: Type.String({
      default: 'landbridge.localhost',
      description:
        'Region host that connectors are configured with. The names connectivitynotification.<region host> and connectivitycertsigning.<region host> lead to this service.',
    }),
    serverNames: Type.Array(Type.String(), {
      default: [],
      description: 'Further DNS names and IP addresses for the server certificate, for example the name of an ingress.',
    }),
    tunnelHosts: Type.Array(Type.String(), {
      default: [],
      description:
        'Tunnel hosts told to connectors with their configuration. Empty: connectivitytunnel.<region host>. The address of each tunnel comes with the request to open it.',
    }),
    connectorCertificateDays: Type.Integer({
      minimum: 1,
      maximum: 1_095,
      default: 365,
      description: 'Validity of the certificates that connectors get when they are paired, in days.',
    }),
    passwordDelayMs: Type.Integer({
      minimum: 0,
      maximum: 86_400_000,
      default: 0,
      'x-unit': 'ms',
      description:
        'How long a changed password is not accepted for connecting and refreshing connectors, where users are synchronised from elsewhere and a new password takes minutes to arrive everywhere. Connectors are told to try again later.',
    }),
    operatorClients: Type.Array(Type.String(), {
      default: [],
      description: 'Client IDs whose tokens may use the operator endpoints.',
    }),
    heartbeatMs: Type.Integer({
      minimum: 100,
      maximum: 60_000,
      default: 15_000,
      description:
        'Milliseconds between heartbeats on a control session, and between renewals of its lease in the store.',
    }),
    leaseMs: Type.Integer({
      minimum: 300,
      maximum: 600_000,
      default: 45_000,
      description:
        'Milliseconds that a connector counts as connected after its replica last renewed the lease. At least three heartbeats.',
    }),
    helloTimeoutMs: Type.Integer({
      minimum: 100,
      maximum: 60_000,
      default: 10_000,
      description: 'Milliseconds within which a new control session must introduce itself.',
    }),
    maxControlSessions: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 10_000,
      description: 'Control sessions that one replica holds at most.',
    }),
    applicationCallbackMs: Type.Integer({
      minimum: 100,
      maximum: 300_000,
      default: 30_000,
      description:
        'Milliseconds within which an application must answer a callback when a subaccount subscribes to it or leaves it.',
    }),
    certificateRenewal: Type.Object(
      {
        dayOfMonth: Type.Integer({
          minimum: 1,
          maximum: 28,
          default: 1,
          description:
            'Day of the month on which client certificates of tenants are renewed. It cannot be switched off.',
        }),
        hourUtc: Type.Integer({ minimum: 0, maximum: 23, default: 0, description: 'Hour of that day (UTC).' }),
        renewWithinDays: Type.Integer({
          minimum: 32,
          maximum: 365,
          default: 62,
          description:
            'What ends within so many days of the run is renewed. More than a month, so that no run is the last.',
        }),
        announceFromDays: Type.Integer({
          minimum: 0,
          maximum: 365,
          default: 60,
          description: 'What ends so many days after the run or later is announced, unless the run renews it.',
        }),
        announceUntilDays: Type.Integer({
          minimum: 1,
          maximum: 730,
          default: 90,
          description: 'What ends later than so many days after the run is not announced yet.',
        }),
        keyAlgorithm: Type.Union(
          [Type.Literal('RSA-2048'), Type.Literal('RSA-3072'), Type.Literal('RSA-4096'), Type.Literal('EC-P256')],
          { default: 'RSA-2048', description: 'Kind of key of new client certificates.' },
        ),
        lifetimeDays: Type.Integer({
          minimum: 1,
          maximum: 1_095,
          default: 365,
          description: 'Validity of new client certificates, in days.',
        }),
      },
      { description: 'The monthly renewal of client certificates of tenants.' },
    ),
  },
  { $id: 'connectivityService', additionalProperties: false, description: 'Connectivity service' },
)

export type ConnectivityServiceConfig = Static<typeof connectivityServiceConfigSchema>

export function notificationHost(config: ConnectivityServiceConfig): string {
  return `connectivitynotification.${config.regionHost}`
}

export function certSigningHost(config: ConnectivityServiceConfig): string {
  return `connectivitycertsigning.${config.regionHost}`
}

export function tunnelHosts(config: ConnectivityServiceConfig): readonly string[] {
  return config.tunnelHosts.length > 0 ? config.tunnelHosts : [`connectivitytunnel.${config.regionHost}`]
}
