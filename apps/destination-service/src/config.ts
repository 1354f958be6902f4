import { type Static, Type } from '@sinclair/typebox'

/** Configuration of the destination service. */
export const destinationServiceConfigSchema = Type.Object(
  {
    host: Type.String({
      default: '127.0.0.1',
      description: 'Address to listen on. Anything but a loopback address makes stored credentials reachable: use TLS.',
    }),
    port: Type.Integer({
      minimum: 0,
      maximum: 65_535,
      default: 8082,
      description: 'Port to listen on; 0 picks a free one.',
    }),
    tokenCacheEntries: Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      default: 10_000,
      description: 'Tokens kept in memory at most; the one unused for longest goes first.',
    }),
    tokenDeadlineMs: Type.Integer({
      minimum: 1_000,
      maximum: 600_000,
      default: 60_000,
      'x-unit': 'ms',
      description: 'Longest time for one token request whose destination sets a timeout of 0.',
    }),
    privateTokenServices: Type.Union([Type.Literal('deny'), Type.Literal('allow')], {
      default: 'deny',
      description:
        'Whether token services on private and loopback addresses may be called. Link-local and cloud metadata addresses never are.',
    }),
    allowedTokenServices: Type.Array(Type.String(), {
      default: [],
      description: 'Host names, addresses or networks (10.1.0.0/16) of token services that are allowed all the same.',
    }),
    allowedConnectionChecks: Type.Optional(
      Type.Array(Type.String(), {
        description:
          'Host names, addresses or networks on private networks that the connection check of destinations may call. None when absent.',
      }),
    ),
  },
  { additionalProperties: false },
)

export type DestinationServiceConfig = Static<typeof destinationServiceConfigSchema>
