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
    mutualTlsPort: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 65_535,
        description:
          'Port on which the same API is served over https, also to communication users who show their client certificate. Not served when absent; 0 picks a free one.',
      }),
    ),
    serverNames: Type.Array(Type.String(), {
      default: [],
      description:
        'Further DNS names and IP addresses for the certificate of the https port, for example the name of an ingress.',
    }),
    tokenCacheEntries: Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      default: 10_000,
      description: 'Tokens kept in memory at most; the one unused for longest goes first.',
    }),
    shareTokens: Type.Boolean({
      default: true,
      description:
        'Whether replicas on one PostgreSQL database share the tokens that they got, sealed in the database until they expire. Without effect on SQLite.',
    }),
    tokenDeadlineMs: Type.Integer({
      minimum: 1_000,
      maximum: 600_000,
      default: 60_000,
      'x-unit': 'ms',
      description: 'Longest time for one token request whose destination sets a timeout of 0.',
    }),
    requestsPerMinute: Type.Integer({
      minimum: 0,
      maximum: 10_000_000,
      default: 60_000,
      description:
        'Requests that one service instance may send for one tenant, per minute and replica; 0 means no limit. Beyond it the answer is 429 with Retry-After.',
    }),
    longestUri: Type.Integer({
      minimum: 100,
      maximum: 12_000,
      default: 4_000,
      description: 'Characters that the URI of a request may have; longer ones are answered 414.',
    }),
    userRoles: Type.Union([Type.Literal('ignore'), Type.Literal('enforce')], {
      default: 'ignore',
      description:
        'Whether a token with a user needs destination roles to administrate destinations, fragments, certificates and trust. Finding a destination needs none, and tokens without a user may do everything.',
    }),
    certificateRenewalPeriodMs: Type.Integer({
      minimum: 60_000,
      maximum: 86_400_000,
      default: 3_600_000,
      'x-unit': 'ms',
      description: 'How often generated certificates are renewed that are due, and those that end soon are reported.',
    }),
    privateTokenServices: Type.Union([Type.Literal('deny'), Type.Literal('allow')], {
      default: 'deny',
      description:
        'Whether token services on private and loopback addresses may be called. Link-local and cloud metadata addresses never are.',
    }),
    samlIssuerPrefix: Type.String({
      default: 'cfapps.landbridge.internal',
      minLength: 1,
      pattern: '^[A-Za-z0-9._~:/-]+[A-Za-z0-9]$',
      description:
        'Name of this installation in assertions: subaccounts issue them as <prefix>/<subaccount ID>. Certificates carry it, so renew them after a change.',
    }),
    trustKeySize: Type.Union([Type.Literal(2048), Type.Literal(4096)], {
      default: 4096,
      'x-unit': 'bit',
      description: 'Size of new RSA keys with which subaccounts sign assertions.',
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
