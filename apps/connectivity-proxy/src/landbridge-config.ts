import { serviceMappingTypes } from '@landbridge/proxy'
import { Type } from '@sinclair/typebox'

const milliseconds = (fallback: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 86_400_000, default: fallback, description, 'x-unit': 'ms' })

const serviceMapping = Type.Object(
  {
    name: Type.String({ minLength: 1, description: 'Name of the mapping, for logs.' }),
    type: Type.Unsafe<string>({
      type: 'string',
      enum: [...serviceMappingTypes],
      description: 'TCP or RFC for channels to a cluster; otherwise the type of the channel.',
    }),
    subaccountId: Type.Optional(
      Type.String({ description: 'Whose connectors may reach it; needed with tenantMode shared.' }),
    ),
    serviceId: Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'What the channel asks for: service host, database, endpoint ID or tenant host.',
    }),
    tenantId: Type.Optional(Type.String({ description: 'Tenant in your own model; only logged.' })),
    internalAddress: Type.String({ minLength: 3, description: '`host:port` that the proxy dials.' }),
    locationIds: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Allowed location IDs, "" for the default location. Default: only the default location.',
      }),
    ),
  },
  { additionalProperties: false },
)

/** Settings that the original does not have; everything else in the configuration has its names. */
export const landbridgeSchema = Type.Object(
  {
    proxyId: Type.String({ default: '', maxLength: 64, description: 'Name of this replica; random when empty.' }),
    acceptConnectivityBindings: Type.Boolean({
      default: false,
      description:
        'Accept tokens of every binding of a connectivity instance, as the proxy of the cloud does, besides those of allowedClientId.',
    }),
    embeddedTokenClaims: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      maxItems: 20,
      default: ['xs.system.attributes/ias-corporate-idp-token', 'xs.system.attributes/ias-token'],
      description:
        'Claims in which a user token may hold the token of a corporate identity provider, in order; / leads into an object. The connector gets the inner token instead of the outer one. Empty: tokens pass as they are.',
    }),
    tunnelBindAddress: Type.String({ default: '127.0.0.1', description: 'Address on which tunnels are accepted.' }),
    externalAddress: Type.String({
      default: '',
      description: 'Address that Cloud Connectors dial where externalHost does not resolve; externalHost when empty.',
    }),
    clusterHost: Type.String({
      default: '',
      maxLength: 253,
      description:
        'Name by which service channels to a cluster address this proxy; externalHost when empty. Replicas may share it.',
    }),
    serviceMappings: Type.Array(serviceMapping, {
      default: [],
      description: 'Services that Cloud Connectors may reach through service channels.',
    }),
    maxChannelConnections: Type.Integer({
      default: 10_000,
      minimum: 1,
      description: 'Most connections to services of service mappings at a time; further clients are reset.',
    }),
    serviceMappingsFile: Type.String({
      default: '',
      description:
        'File with further service mappings, as `ServiceMapping` resources (YAML). Changes count within a second; the file need not exist.',
    }),
    health: Type.Object(
      {
        host: Type.String({ default: '127.0.0.1', description: 'Address of the health endpoints.' }),
        port: Type.Integer({
          minimum: 0,
          maximum: 65_535,
          default: 8044,
          description: 'Port of `/healthcheck`, `/health/live` and `/health/ready`; 0: any free port.',
        }),
        metrics: Type.Boolean({
          default: false,
          description: 'Whether `/metrics` answers there, in the text form of Prometheus.',
        }),
      },
      { default: {}, additionalProperties: false, description: 'Health endpoints (http).' },
    ),
    timeouts: Type.Object(
      {
        headMs: milliseconds(30_000, 'A request head must be complete this long after its first byte.'),
        idleMs: milliseconds(120_000, 'An unused client connection is kept this long.'),
        bodyMs: milliseconds(120_000, 'Longest pause within a request body.'),
        responseMs: milliseconds(310_000, 'Longest wait for the next byte of an answer.'),
        overallMs: milliseconds(0, 'Longest exchange in total; 0: no limit.'),
        heartbeatMs: Type.Integer({
          minimum: 100,
          maximum: 120_000,
          default: 15_000,
          description: 'A silent tunnel is tested after this time and counts as lost after twice as much.',
          'x-unit': 'ms',
        }),
      },
      { default: {}, additionalProperties: false, description: 'Limits of the HTTP proxy and of tunnels.' },
    ),
  },
  { default: {}, additionalProperties: false, description: 'Settings that the original does not have.' },
)
