import { authenticationModes, backendTypes, protocols } from '@landbridge/access'
import { backendConnectionModes, defaultInfrastructureFunctions } from '@landbridge/connector'
import { type Static, Type } from '@sinclair/typebox'
import { roles } from './login/permissions.ts'

const oneOf = (values: readonly string[], options: object) =>
  Type.Unsafe<string>({ type: 'string', enum: [...values], ...options })

const port = Type.Union([Type.Integer({ minimum: 1, maximum: 65_535 }), Type.String({ minLength: 1 })])

const resource = Type.Object(
  {
    id: Type.String({ minLength: 1, description: 'URL path (HTTP) or function module name (RFC).' }),
    enabled: Type.Boolean({ default: true, description: 'Declared resources are active unless said otherwise.' }),
    exactMatchOnly: Type.Boolean({
      default: false,
      description: 'Only this path or name; otherwise all that begin with it, `/api` also `/apikeys`.',
    }),
    websocketUpgradeAllowed: Type.Boolean({ default: false, description: 'Allow the upgrade to WebSocket.' }),
    description: Type.String({ default: '', description: 'Free text.' }),
  },
  { additionalProperties: false },
)

const mapping = Type.Object(
  {
    virtualHost: Type.String({ minLength: 1, description: 'Host name that the cloud side uses.' }),
    virtualPort: Type.Unsafe<string | number>({ ...port, description: 'Port, range (TCP) or RFC service name.' }),
    localHost: Type.String({ minLength: 1, description: 'Real host, resolved by this connector.' }),
    localPort: Type.Unsafe<string | number>({
      ...port,
      description: 'Port, range or RFC service name of the real host.',
    }),
    protocol: oneOf(protocols, { description: 'Protocol of the backend.' }),
    backendType: oneOf(backendTypes, { default: 'nonSAPsys', description: 'Kind of backend.' }),
    authenticationMode: oneOf(authenticationModes, {
      default: 'NONE',
      description: 'How the backend learns the user.',
    }),
    hostInHeader: oneOf(['VIRTUAL', 'INTERNAL'], { default: 'VIRTUAL', description: 'Host name in the Host header.' }),
    description: Type.String({ default: '', description: 'Free text.' }),
    resources: Type.Array(resource, { default: [], description: 'What the mapping exposes (HTTP and RFC).' }),
  },
  { additionalProperties: false },
)

const subaccount = Type.Object(
  {
    regionHost: Type.String({ minLength: 1, description: 'Region host, optionally with a port.' }),
    subaccount: Type.String({ minLength: 1, description: 'ID of the subaccount (a GUID).' }),
    user: Type.String({ minLength: 1, description: 'Cloud user who pairs, usually an e-mail address.' }),
    password: Type.String({ minLength: 1, description: 'Password of the cloud user. Used once and not kept.' }),
    locationID: Type.String({ default: '', description: 'Location ID; empty for the default location.' }),
    displayName: Type.String({ default: '', description: 'Label of the subaccount.' }),
    description: Type.String({ default: '', description: 'Free text.' }),
    loadSharing: Type.Boolean({ default: false, description: 'Share the location with other connectors.' }),
    tunnelConnections: Type.Integer({
      default: 1,
      minimum: 1,
      maximum: 16,
      description: 'Physical connections per tunnel server.',
    }),
    systemMappings: Type.Array(mapping, { default: [], description: 'Added or replaced at each start.' }),
  },
  { additionalProperties: false },
)

/** The configuration of a connector. Everything that the REST API changes lives in the database instead. */
export const cloudConnectorConfigSchema = Type.Object(
  {
    host: Type.String({ default: '127.0.0.1', description: 'Address that the administration port binds to.' }),
    port: Type.Integer({ default: 8443, minimum: 0, maximum: 65_535, description: 'Administration port (https).' }),
    dnsNames: Type.Array(Type.String(), {
      default: ['localhost'],
      description: 'Host names in the generated certificate of the administration port.',
    }),
    publicUrl: Type.Optional(
      Type.String({
        format: 'uri',
        description: 'Address under which clients see this connector. Default: what their requests say.',
      }),
    ),
    sessionIdleMs: Type.Integer({
      default: 1_800_000,
      minimum: 60_000,
      'x-unit': 'ms',
      description: 'A session without requests ends after this time.',
    }),
    certificateAlertDays: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3_650,
        description:
          'A certificate that ends within so many days is listed as expiring by the monitoring API, and yellow in the overview of its subaccount. 30 when absent.',
      }),
    ),
    initialPassword: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Password of Administrator on the first start, instead of the one that must be changed at once.',
      }),
    ),
    useLocalUser: Type.Optional(
      Type.Boolean({ description: 'Log in with the local user again; forgets the LDAP settings at the start.' }),
    ),
    clientCertificates: Type.Optional(
      Type.Object(
        {
          ca: Type.String({ minLength: 1, description: 'PEM of the authorities that issue certificates of users.' }),
          users: Type.Record(Type.String(), oneOf(roles, { description: 'Role of the user.' }), {
            description: 'Roles by the common name (CN) of the certificate.',
          }),
        },
        { additionalProperties: false, description: 'Log-in at the administration port with a client certificate.' },
      ),
    ),
    haRole: oneOf(['undefined', 'master', 'shadow'], {
      default: 'undefined',
      description: 'Role of the instance on the first start. The administrator chooses while it is undefined.',
    }),
    regionTimeoutMs: Type.Integer({
      default: 15_000,
      minimum: 100,
      'x-unit': 'ms',
      description: 'Longest wait for a region, for the connection and for each answer.',
    }),
    tunnelTimeoutMs: Type.Integer({
      default: 10_000,
      minimum: 0,
      'x-unit': 'ms',
      description: 'Longest wait for a tunnel before an operation answers with the state reached.',
    }),
    channelBindAddress: Type.String({
      default: '127.0.0.1',
      minLength: 1,
      description:
        'Address of the local ports of service channels. Other hosts reach them only on an address of the network, for example 0.0.0.0; a port asks nobody who they are.',
    }),
    reportCertificates: Type.Boolean({
      default: true,
      description:
        'Tell the cloud side of the certificates that live here (administration port, system, authority, trusted backends; never keys), so that its inventory and alerts cover them.',
    }),
    omitEmptyTexts: Type.Boolean({
      default: false,
      description:
        'Leave locationID, displayName and description out of subaccounts in the configuration API while they are not set, as the guide of release 2.15 says. Otherwise they are empty texts, as releases of today send them.',
    }),
    rfcInfrastructureFunctions: Type.Array(Type.String({ minLength: 1, maxLength: 30 }), {
      default: [...defaultInfrastructureFunctions],
      description:
        'Function modules that every RFC mapping lets pass without a resource: clients log on and read metadata with them. Shorten the list to allow less.',
    }),
    regions: Type.Record(
      Type.String(),
      Type.Object(
        {
          name: Type.Optional(Type.String({ minLength: 1, description: 'Name in the selection of regions.' })),
          address: Type.Optional(Type.String({ description: 'Address to dial instead of resolving the host names.' })),
          port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: 'Port instead of 443.' })),
          ca: Type.Optional(Type.String({ description: 'PEM of the authorities that may issue its certificates.' })),
        },
        { additionalProperties: false },
      ),
      {
        default: {},
        description: 'The regions that are offered when a subaccount is added, by region host, with overrides.',
      },
    ),
    bootstrap: Type.Optional(
      Type.Object(
        {
          description: Type.Optional(Type.String({ description: 'Description of this connector.' })),
          backendConnections: Type.Optional(
            oneOf(backendConnectionModes, {
              description:
                'Whether requests share connections to internal systems (pooled, as without this key), or each connection of an application has its own, which NTLM needs (perClientConnection).',
            }),
          ),
          subaccounts: Type.Array(subaccount, {
            default: [],
            description: 'Paired at the start unless they are known.',
          }),
        },
        { additionalProperties: false, description: 'Wanted state, brought about at each start.' },
      ),
    ),
  },
  { additionalProperties: false },
)

export type CloudConnectorConfig = Static<typeof cloudConnectorConfigSchema>
export type BootstrapSubaccount = Static<typeof subaccount>
export type BootstrapMapping = Static<typeof mapping>
