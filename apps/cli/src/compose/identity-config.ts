import { secretSetting } from '@landbridge/config'
import { defaultClaimPaths } from '@landbridge/identity'
import { type Static, Type } from '@sinclair/typebox'

const paths = (standard: readonly string[], what: string) =>
  Type.Array(Type.String({ minLength: 1 }), { default: [...standard], description: `${what}; the first one present.` })

const client = Type.Object(
  {
    instance: Type.Optional(
      Type.String({ minLength: 1, description: 'Service instance that it calls for: ID, or `<subdomain>/<name>`.' }),
    ),
    service: Type.Optional(
      Type.Union(
        ['xsuaa', 'destination', 'connectivity', 'connectivity_proxy'].map((name) => Type.Literal(name)),
        { description: 'Service of that instance. For `landbridge proxy`, which cannot look it up.' },
      ),
    ),
    subaccount: Type.Optional(
      Type.String({ minLength: 1, description: 'The only subaccount in which its tokens count.' }),
    ),
  },
  { additionalProperties: false },
)

const externalIssuer = Type.Object(
  {
    issuer: Type.String({ pattern: '^https?://', description: 'The exact "iss" of its tokens.' }),
    jwksUri: Type.Optional(Type.String({ pattern: '^https?://', description: 'Address of its key set.' })),
    ca: Type.Optional(Type.String({ description: 'PEM of the authority that its https certificate chains to.' })),
    audience: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: 'Its tokens are accepted when "aud" has one of these.',
    }),
    claims: Type.Object(
      {
        tenant: paths(defaultClaimPaths.tenant, 'Claims that name the tenant'),
        client: paths(defaultClaimPaths.client, 'Claims that name the client'),
        instance: paths(defaultClaimPaths.instance, 'Claims that name the service instance'),
        service: paths(defaultClaimPaths.service, 'Claims that name the service, for `landbridge proxy`'),
        user: paths(defaultClaimPaths.user, 'Claims that name the user'),
      },
      { default: {}, additionalProperties: false },
    ),
    tenants: Type.Optional(
      Type.Record(Type.String(), Type.String({ minLength: 1 }), {
        description: 'Subaccount by the tenant that a token names; other tenants are refused.',
      }),
    ),
    subaccount: Type.Optional(Type.String({ minLength: 1, description: 'Subaccount of tokens that name no tenant.' })),
    clients: Type.Record(Type.String(), client, { default: {}, description: 'Its clients, by ID.' }),
    tokenUrl: Type.Optional(
      Type.String({ pattern: '^https?://', description: 'Token endpoint in service keys of proxies.' }),
    ),
    url: Type.Optional(
      Type.String({ pattern: '^https?://', description: 'What bindings carry: clients append /oauth/token.' }),
    ),
  },
  { additionalProperties: false },
)

/** Trust in issuers that others run. The same for `cloud`, `proxy` and `up`. */
const externalIssuers = Type.Array(externalIssuer, {
  default: [],
  description:
    'Issuers (UAA or OpenID provider) whose access tokens are accepted: a list of objects with issuer, audience, and optionally jwksUri, ca, claims, tenants, subaccount, clients, url, tokenUrl. See the guide "Use your own identity provider".',
})

/** Longest age of a key set, and the shortest pause between two fetches of it. */
const keySetSettings = {
  keyRefreshSeconds: Type.Integer({
    default: 300,
    minimum: 10,
    maximum: 86_400,
    'x-unit': 's',
    description:
      'Age at which the key set of an issuer is fetched again. A key that nobody knows is asked for at once.',
  }),
  keyCooldownSeconds: Type.Integer({
    default: 30,
    minimum: 1,
    maximum: 3_600,
    'x-unit': 's',
    description: 'Shortest pause between two fetches of a key set.',
  }),
}

const identityDescription = 'Who issues the tokens that are accepted.'

const builtIn = Type.Boolean({
  default: true,
  description: 'Accept tokens of the built-in token service. Off: at least one issuer in `external` is needed.',
})

/** The section `identity` of `landbridge cloud`. */
export const cloudIdentitySchema = Type.Object(
  {
    builtIn,
    external: externalIssuers,
    clientSecrets: Type.Optional(
      secretSetting({
        description:
          'Secrets of the clients in `external`, for bindings while `builtIn` is off: a JSON object, secret by client ID.',
      }),
    ),
    ...keySetSettings,
  },
  { description: `${identityDescription} Without \`builtIn\` the built-in token service does not start.` },
)

/** The section `identity` of `landbridge proxy`. */
export const proxyIdentitySchema = Type.Object(
  {
    builtIn,
    external: externalIssuers,
    tokenParameters: Type.Record(Type.String(), Type.String(), {
      default: {},
      description: 'Further parameters of the token request of the proxy itself, such as `resource` or `audience`.',
    }),
    ...keySetSettings,
  },
  { description: identityDescription },
)

/** The section `identity` of `landbridge up`. */
export const upIdentitySchema = Type.Object(
  { external: externalIssuers, ...keySetSettings },
  { description: `${identityDescription} The built-in token service always runs.` },
)

export type ExternalIssuerConfig = Static<typeof externalIssuer>
export type IdentityConfig = Static<typeof upIdentitySchema>
export type CloudIdentityConfig = Static<typeof cloudIdentitySchema>
