import { type Static, type TProperties, Type } from '@sinclair/typebox'
import { landbridgeSchema } from './landbridge-config.ts'

function section<P extends TProperties>(properties: P, description: string) {
  return Type.Object(properties, { default: {}, additionalProperties: false, description })
}

const tcpPort = (port: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: port, description })

const threads = (what: string) =>
  Type.Optional(
    Type.Integer({ minimum: 20, description: `Threads of ${what}. Accepted without effect: there is no thread pool.` }),
  )

const withoutEffect = (what: string) =>
  Type.Optional(Type.String({ minLength: 1, description: `${what} Accepted without effect: there is no JVM.` }))

const proxy = (name: string, port: number, enabled: boolean, description: string) =>
  section(
    {
      enabled: Type.Boolean({ default: enabled, description: `Whether the ${name} proxy listens.` }),
      port: tcpPort(port, `Port of the ${name} proxy; 0: any free port.`),
      allowRemoteConnections: Type.Boolean({
        default: false,
        description:
          'Listen on all interfaces instead of loopback. The port speaks plain text: protect the network. In a chart of the original the default is true.',
      }),
      enableProxyAuthorization: Type.Boolean({
        default: true,
        description:
          'Callers show a token (non-trusted modes). Off: whoever reaches the port may call (trusted modes).',
      }),
    },
    description,
  )

const businessDataTunnel = section(
  {
    enableTls: Type.Boolean({
      default: true,
      description:
        'TLS of Cloud Connectors ends in this process. false (TLS ends in an ingress, the default of the original) is not supported.',
    }),
    externalHost: Type.String({
      default: '',
      maxLength: 253,
      description: 'Name under which Cloud Connectors reach this replica. Its certificate must have it. Required.',
    }),
    externalPort: tcpPort(443, 'Port under which Cloud Connectors reach this replica; 0: the port of the listener.'),
    port: tcpPort(8042, 'Port on which tunnels are accepted; 0: any free port.'),
    strictSniEnabled: Type.Boolean({
      default: true,
      description: 'Refuse TLS connections that ask for another server name than externalHost, or for none.',
    }),
    threadPoolSize: threads('the tunnel server'),
  },
  'The tunnel server, which Cloud Connectors dial.',
)

/**
 * Configuration of the connectivity proxy: the subtree `config` of the original's chart with its names (guide L33156),
 * and what only this implementation knows in the section `landbridge`.
 */
export const connectivityProxyConfigSchema = Type.Object(
  {
    displayName: Type.String({
      default: 'landbridge-proxy',
      maxLength: 128,
      description: 'How the proxy is called in the Cloud Connector (cloud connections).',
    }),
    tenantMode: Type.Union([Type.Literal('dedicated'), Type.Literal('shared')], {
      default: 'dedicated',
      description: 'dedicated: all traffic belongs to subaccountId. shared: the token of the caller decides.',
    }),
    subaccountId: Type.String({
      default: '',
      description: 'The subaccount of a dedicated proxy: required there, ignored with tenantMode shared.',
    }),
    subaccountSubdomain: Type.String({
      default: '',
      description:
        'Subdomain of that subaccount: required for a dedicated proxy of which a listener works without authorization, ignored otherwise.',
    }),
    highAvailabilityMode: Type.Union([Type.Literal('off'), Type.Literal('subdomain'), Type.Literal('path')], {
      default: 'off',
      description:
        'How connectors reach one of several replicas. Only off is supported: give each replica an externalHost of its own.',
    }),
    integration: section(
      {
        connectivityService: section(
          {
            serviceCredentialsKey: Type.String({
              default: 'service_key',
              minLength: 1,
              description: 'Key below which the secret of the connectivity service holds the service key.',
            }),
          },
          'Pairing with the connectivity service.',
        ),
        auditlog: section(
          {
            mode: Type.Optional(
              Type.Union([Type.Literal('service'), Type.Literal('console')], {
                description: 'Where audit events go. Not supported: leave it out.',
              }),
            ),
            serviceCredentialsKey: Type.Optional(
              Type.String({ description: 'Credentials of an audit log service. Not supported: leave it out.' }),
            ),
          },
          'Audit log.',
        ),
      },
      'Services that the proxy works with.',
    ),
    servers: section(
      {
        businessDataTunnel,
        proxy: section(
          {
            http: proxy('HTTP', 20_003, false, 'The HTTP proxy for applications.'),
            rfcAndLdap: proxy('RFC and LDAP', 20_001, false, 'The RFC and LDAP proxy for applications.'),
            socks5: proxy('SOCKS5', 20_004, true, 'The SOCKS5 proxy for applications.'),
            authorization: section(
              {
                oauth: section(
                  {
                    allowedClientId: Type.String({
                      default: '',
                      description:
                        'OAuth client whose tokens are accepted. Required when a proxy with authorization is enabled, unless landbridge.acceptConnectivityBindings is set.',
                    }),
                  },
                  'Authorization by OAuth tokens.',
                ),
              },
              'Authorization of callers.',
            ),
            clientConnection: section(
              {
                writeTimeoutSeconds: Type.Integer({
                  minimum: 1,
                  maximum: 86_400,
                  default: 10,
                  description: 'A client that takes nothing for this long is disconnected.',
                  'x-unit': 's',
                }),
              },
              'Connections of applications.',
            ),
            threadPoolSize: threads('the proxies'),
          },
          'The proxies for applications.',
        ),
      },
      'Listeners.',
    ),
    serviceChannels: section(
      {
        enabled: Type.Boolean({
          default: true,
          description: 'Let Cloud Connectors reach the services of service mappings (on-premise to cloud).',
        }),
      },
      'Service channels.',
    ),
    jvm: section(
      {
        errorFilePath: withoutEffect('Directory of error logs.'),
        heapDumpPath: withoutEffect('Directory of heap dumps.'),
        memory: section(
          {
            maxDirectSize: withoutEffect('Limit of direct memory.'),
            maxHeapSize: withoutEffect('Limit of the heap.'),
            minHeapSize: withoutEffect('First size of the heap.'),
          },
          'Memory settings of the original.',
        ),
      },
      'Settings of the original that mean nothing here.',
    ),
    landbridge: landbridgeSchema,
  },
  { additionalProperties: false },
)

export type ConnectivityProxyConfig = Static<typeof connectivityProxyConfigSchema>
