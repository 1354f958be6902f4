import { type Static, type TProperties, Type } from '@sinclair/typebox'

function section<P extends TProperties>(properties: P, description: string) {
  return Type.Object(properties, { default: {}, additionalProperties: false, description })
}

const tcpPort = (port: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: port, description })

const seconds = (value: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 60, default: value, description, 'x-unit': 's' })

const dnsLabel = '^(?=[a-z])[a-z0-9-]{1,63}(?<!-)$'
const anyLabel = '^(?!-)[a-z0-9-]{1,63}(?<!-)$'

const level = Type.Union(
  [
    Type.Literal('instance'),
    Type.Literal('subaccount'),
    Type.Literal('provider_instance'),
    Type.Literal('provider_subaccount'),
  ],
  { description: 'The only level on which it is looked for.' },
)

const destination = Type.Object(
  {
    name: Type.String({ pattern: dnsLabel, description: 'First label of the host name that applications call.' }),
    namespace: Type.Optional(
      Type.String({ pattern: anyLabel, description: 'Second label. Default: the namespace of the transparent proxy.' }),
    ),
    kind: Type.Union([Type.Literal('http'), Type.Literal('tcp')], {
      default: 'http',
      description: 'http: by host name on the port of the transparent proxy. tcp: on a port of its own.',
    }),
    destinationRef: Type.Object(
      {
        name: Type.String({
          pattern: '^([A-Za-z0-9_.-]{1,200}|\\*)$',
          description: 'Name in the destination service; `*` (only http): callers name it in `X-Destination-Name`.',
        }),
        level: Type.Optional(level),
      },
      { additionalProperties: false, description: 'The destination.' },
    ),
    fragmentRef: Type.Optional(
      Type.Object(
        {
          name: Type.String({ pattern: '^[A-Za-z0-9_.-]{1,200}$', description: 'Name of the fragment.' }),
          level: Type.Optional(level),
          optional: Type.Optional(Type.Boolean({ description: 'The fragment may be missing.' })),
        },
        { additionalProperties: false, description: 'A fragment that is laid over the destination.' },
      ),
    ),
    chainRef: Type.Optional(
      Type.Object(
        {
          name: Type.String({ pattern: '^[A-Za-z0-9_.-]{1,200}$', description: 'Name of the chain.' }),
          variables: Type.Array(
            Type.Object({
              name: Type.String({ pattern: '^[A-Za-z0-9-]{1,100}$', description: 'Name of the variable.' }),
              value: Type.String({ pattern: '^[\\x21-\\x7e]{1,2000}$', description: 'Its value.' }),
            }),
            { default: [], maxItems: 50, description: 'Variables of the chain.' },
          ),
        },
        { additionalProperties: false, description: 'A destination chain. Headers of a request win.' },
      ),
    ),
    port: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 65_535, description: 'tcp: where it listens; 0: any free port.' }),
    ),
    tenantSubdomain: Type.Optional(
      Type.String({ pattern: anyLabel, description: 'tcp with tenantMode shared: the tenant it belongs to.' }),
    ),
  },
  { additionalProperties: false, description: 'One name for a destination.' },
)

/**
 * Configuration of the transparent proxy: names as in the chart of the original where it has them (guide L35556), and a
 * list in place of custom resources.
 */
export const transparentProxyConfigSchema = Type.Object(
  {
    host: Type.String({
      default: '127.0.0.1',
      description:
        'Address on which applications are served. Whoever reaches it uses the credentials of the destinations: another address than loopback needs a protected network.',
    }),
    port: tcpPort(8090, 'Port for HTTP destinations; 0: any free port. In Kubernetes it is 80.'),
    namespace: Type.String({
      default: 'default',
      pattern: anyLabel,
      description: 'Namespace of the transparent proxy: names without a namespace are looked up there.',
    }),
    destinations: Type.Array(destination, {
      default: [],
      maxItems: 10_000,
      description: 'Destinations that may be called; all others are refused.',
    }),
    tenantMode: Type.Union([Type.Literal('dedicated'), Type.Literal('shared')], {
      default: 'dedicated',
      description:
        'dedicated: destinations of the subaccount of the binding. shared: callers name a tenant that is subscribed, in `X-Tenant-Subdomain` or `X-Tenant-Id`.',
    }),
    allowCrossSite: Type.Boolean({
      default: false,
      description:
        'Serve requests that a browser marks as coming from a page of another site. Needed when the application passes headers of browsers on.',
    }),
    destinationCacheSeconds: Type.Integer({
      minimum: 0,
      maximum: 180,
      default: 120,
      description: 'How long a destination is used without asking for it again; 0: never.',
      'x-unit': 's',
    }),
    idleTimeoutSeconds: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 120,
      description: 'How long a caller may stop in the middle of sending or reading, or keep an unused connection.',
      'x-unit': 's',
    }),
    integration: section(
      {
        destinationService: section(
          {
            connectionTimeoutSeconds: seconds(5, 'Opening a connection to destination and token service.'),
            readTimeoutSeconds: seconds(10, 'A whole answer of destination and token service.'),
          },
          'The destination service.',
        ),
        connectivityProxy: section(
          {
            serviceName: Type.String({
              default: '',
              maxLength: 253,
              description:
                'Host of the connectivity proxy. Default: the one of the connectivity binding. Without such a binding nothing is sent to prove who calls, as to a proxy in trusted mode.',
            }),
            connectionTimeoutSeconds: seconds(
              1,
              'Opening a connection to it, where the destination has no URL.connectionTimeoutInSeconds.',
            ),
            http: section({ port: tcpPort(20_003, 'Its HTTP port; only with serviceName.') }, 'HTTP.'),
            tcp: section({ port: tcpPort(20_004, 'Its SOCKS5 port; only with serviceName.') }, 'TCP.'),
          },
          'The connectivity proxy, for destinations with the proxy type OnPremise.',
        ),
      },
      'Services that the transparent proxy calls.',
    ),
    health: section(
      {
        host: Type.String({ default: '127.0.0.1', description: 'Address of the health endpoints.' }),
        port: tcpPort(8091, 'Port of `/healthcheck`, `/health/live` and `/health/ready`; 0: any free port.'),
      },
      'Health endpoints (http).',
    ),
  },
  { additionalProperties: false },
)

export type TransparentProxyConfig = Static<typeof transparentProxyConfigSchema>
