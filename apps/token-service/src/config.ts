import { type Static, Type } from '@sinclair/typebox'

const trustedIssuer = Type.Object(
  {
    issuer: Type.String({ minLength: 1, description: 'The exact "iss" of its tokens.' }),
    keysUrl: Type.String({ pattern: '^https?://', description: 'Address of its key set (JWKS), https.' }),
    subaccountId: Type.String({ minLength: 1, description: 'The only subaccount in which its users are known.' }),
    origin: Type.String({ minLength: 1, description: 'Name of this identity provider in the claim "origin".' }),
    audience: Type.Optional(
      Type.String({ description: 'When set, "aud" of its tokens must contain this. Set it whenever the issuer can.' }),
    ),
    ca: Type.Optional(Type.String({ description: 'PEM of the authority that its https certificate chains to.' })),
  },
  { additionalProperties: false },
)

const samlIssuer = Type.Object(
  {
    metadata: Type.Optional(Type.String({ description: 'Its metadata (XML), in place of entityId and certificates.' })),
    entityId: Type.Optional(Type.String({ minLength: 1, description: 'The exact "Issuer" of its assertions.' })),
    certificates: Type.Optional(
      Type.Array(Type.String({ description: 'PEM, with an RSA key of 2048 bits or more.' }), {
        minItems: 1,
        description: 'Its signing certificates, the present and the next; others are never accepted.',
      }),
    ),
    subaccountId: Type.String({ minLength: 1, description: 'The only subaccount in which its users are known.' }),
    origin: Type.String({ minLength: 1, description: 'Name of this identity provider in the claim "origin".' }),
  },
  { additionalProperties: false },
)

/** The configuration of the token service. */
export const tokenServiceConfigSchema = Type.Object(
  {
    host: Type.String({ default: '127.0.0.1', description: 'Address to listen on.' }),
    port: Type.Integer({
      default: 8081,
      minimum: 0,
      maximum: 65_535,
      description: 'Port of https; 0 takes a free one.',
    }),
    uaaDomain: Type.String({
      default: '',
      pattern: '^([A-Za-z0-9.-]+(:[0-9]{1,5})?)?$',
      description:
        'Host name of the token service as clients write it, with the port if it is not 443. Tenants are served below it as <subdomain>.<uaaDomain>. Empty: localhost and the port.',
    }),
    identityDomain: Type.String({
      default: '',
      pattern: '^([A-Za-z0-9.-]+(:[0-9]{1,5})?)?$',
      description:
        'Host name below which each tenant has an issuer in the way of SAP Cloud Identity Services, as <subdomain>.<identityDomain>, with the port if it is not 443. Neither uaaDomain nor a part of its end. Empty: accounts.<uaaDomain>.',
    }),
    accessTokenSeconds: Type.Integer({
      default: 43_200,
      minimum: 600,
      maximum: 86_400,
      description:
        'Lifetime of an access token. Clients refresh minutes ahead, so shorter than 10 minutes breaks them.',
    }),
    refreshTokenSeconds: Type.Integer({
      default: 604_800,
      minimum: 3_600,
      maximum: 31_536_000,
      description: 'Lifetime of a refresh token. Signing keys are kept as long.',
    }),
    sessionSeconds: Type.Integer({
      default: 28_800,
      minimum: 300,
      maximum: 604_800,
      description: 'How long a browser stays logged in.',
    }),
    passcodeSeconds: Type.Integer({
      default: 300,
      minimum: 30,
      maximum: 3_600,
      description: 'How long a code of the page /passcode can be used, once, to connect a connector.',
    }),
    signingAlgorithm: Type.Union([Type.Literal('RS256'), Type.Literal('ES256')], {
      default: 'RS256',
      description: 'Algorithm of new signing keys: RSA with 2048 bits, or EC P-256.',
    }),
    keyRotationDays: Type.Integer({
      default: 30,
      minimum: 1,
      maximum: 3_650,
      description: 'How long one key signs before the next takes over.',
    }),
    keyPublishAheadMinutes: Type.Integer({
      default: 60,
      minimum: 30,
      maximum: 10_080,
      description: 'How long a key is published before it signs. Verifiers keep key sets for half an hour.',
    }),
    roleCollectionScopes: Type.Record(Type.String(), Type.Array(Type.String()), {
      default: {},
      description:
        'Scopes that a role collection gives; $XSAPPNAME stands for the application that asks for the token.',
    }),
    trustedIssuers: Type.Array(trustedIssuer, {
      default: [],
      description: 'Further identity providers whose user tokens may be exchanged.',
    }),
    samlIssuers: Type.Array(samlIssuer, {
      default: [],
      description:
        'SAML identity providers whose assertions may be exchanged for tokens; nobody logs in with them. A subaccount that users come from by a destination is one.',
    }),
  },
  { additionalProperties: false },
)

export type TokenServiceConfig = Static<typeof tokenServiceConfigSchema>
