import { type Static, Type } from '@sinclair/typebox'

const listener = (name: string, port: number, enabled: boolean) =>
  Type.Object(
    {
      enabled: Type.Boolean({ default: enabled, description: `Whether the ${name} proxy listens.` }),
      port: Type.Integer({
        minimum: 0,
        maximum: 65_535,
        default: port,
        description: `Port of the ${name} proxy; 0: any free port.`,
      }),
      allowRemoteConnections: Type.Boolean({
        default: false,
        description: 'Listen on all interfaces instead of loopback. The port speaks plain text: protect the network.',
      }),
      enableProxyAuthorization: Type.Boolean({
        default: true,
        description:
          'Callers show a token (non-trusted modes). Off: whoever reaches the port may call (trusted modes).',
      }),
    },
    { default: {}, additionalProperties: false },
  )

const milliseconds = (fallback: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 86_400_000, default: fallback, description, 'x-unit': 'ms' })

/** Settings of the connectivity proxy, named as in the original's chart (guide L33156). */
export const connectivityProxyConfigSchema = Type.Object(
  {
    proxyId: Type.String({ default: '', maxLength: 64, description: 'Name of this replica; random when empty.' }),
    displayName: Type.String({
      default: 'landbridge-proxy',
      maxLength: 128,
      description: 'How the proxy is called in the Cloud Connector (cloud connections).',
    }),
    tenantMode: Type.Union([Type.Literal('dedicated'), Type.Literal('shared')], {
      default: 'dedicated',
      description: 'dedicated: all traffic belongs to subaccountId. shared: the token of the caller decides.',
    }),
    subaccountId: Type.String({ default: '', description: 'The subaccount of a dedicated proxy.' }),
    servers: Type.Object(
      {
        businessDataTunnel: Type.Object(
          {
            host: Type.String({ default: '127.0.0.1', description: 'Address on which tunnels are accepted.' }),
            port: Type.Integer({
              minimum: 0,
              maximum: 65_535,
              default: 8042,
              description: 'Port on which tunnels are accepted.',
            }),
            externalHost: Type.String({
              default: 'localhost',
              minLength: 1,
              description: 'Name under which Cloud Connectors reach this replica.',
            }),
            externalAddress: Type.String({
              default: '',
              description:
                'Address that Cloud Connectors dial when the name does not resolve; the name itself when empty.',
            }),
            externalPort: Type.Integer({
              minimum: 0,
              maximum: 65_535,
              default: 0,
              description: 'Port under which Cloud Connectors reach this replica; 0: the port of the listener.',
            }),
          },
          { default: {}, additionalProperties: false },
        ),
        proxy: Type.Object(
          {
            http: listener('HTTP', 20_003, true),
            socks5: listener('SOCKS5', 20_004, true),
            authorization: Type.Object(
              {
                allowedClientId: Type.String({
                  default: '',
                  description:
                    'OAuth client whose tokens are accepted; empty: every binding of a connectivity instance.',
                }),
              },
              { default: {}, additionalProperties: false },
            ),
          },
          { default: {}, additionalProperties: false },
        ),
      },
      { default: {}, additionalProperties: false },
    ),
    timeouts: Type.Object(
      {
        headMs: milliseconds(30_000, 'A request head must be complete this long after its first byte.'),
        idleMs: milliseconds(120_000, 'An unused client connection is kept this long.'),
        bodyMs: milliseconds(120_000, 'Longest pause within a request body.'),
        responseMs: milliseconds(310_000, 'Longest wait for the next byte of an answer.'),
        writeMs: milliseconds(60_000, 'A client that takes nothing for this long is disconnected.'),
        overallMs: milliseconds(0, 'Longest exchange in total; 0: no limit.'),
        heartbeatMs: Type.Integer({
          minimum: 100,
          maximum: 120_000,
          default: 15_000,
          description: 'A silent tunnel is tested after this time and counts as lost after twice as much.',
          'x-unit': 'ms',
        }),
      },
      { default: {}, additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)

export type ConnectivityProxyConfig = Static<typeof connectivityProxyConfigSchema>

/** What the schema cannot say: one line per contradiction, with the key to change. */
export function configProblems(config: ConnectivityProxyConfig): readonly string[] {
  const problems: string[] = []
  if (config.tenantMode === 'dedicated' && config.subaccountId === '')
    problems.push('subaccountId: expected the ID of a subaccount because tenantMode is "dedicated", found nothing')
  return problems
}
