import { secretSetting } from '@landbridge/config'
import { connectivityServiceConfigSchema, notificationsConfigSchema } from '@landbridge/connectivity-service'
import { destinationServiceConfigSchema } from '@landbridge/destination-service'
import { tokenServiceConfigSchema } from '@landbridge/token-service'
import { type Static, Type } from '@sinclair/typebox'
import { logLevel, sealingKeyCommand } from '../config/shared-settings.ts'
import { cloudIdentitySchema } from './identity-config.ts'

/** Configuration of `landbridge cloud`: token, destination and connectivity service over one database. */
export const cloudConfigSchema = Type.Object({
  dataDirectory: Type.String({
    default: '.landbridge-cloud',
    description: 'Folder for the certificate authority, generated keys and the SQLite database.',
  }),
  logLevel,
  store: Type.Object(
    {
      url: Type.String({
        default: '',
        pattern: '^(|sqlite:.+|postgres(ql)?://.+)$',
        description:
          'Database: `sqlite:<path>`, or empty for `cloud.db` in the data directory. Replicas need PostgreSQL: see `postgresUrl`.',
      }),
      postgresUrl: Type.Optional(
        secretSetting({ description: 'URL of a PostgreSQL database, which holds a password. Wins over `url`.' }),
      ),
      sealingKey: Type.Optional(
        secretSetting({
          description:
            'Key that encrypts stored secrets: 32 bytes in base64, the same for all replicas. Generated in the data directory when absent.',
        }),
      ),
      sealingKeyCommand: Type.Optional(sealingKeyCommand),
      formerSealingKeys: Type.Optional(
        secretSetting({
          description:
            'Keys that open stored secrets and seal none, one a line: former ones, and the next one before all replicas seal with it. See `landbridge keys`.',
        }),
      ),
    },
    { description: 'Where state is kept.' },
  ),
  authority: Type.Object(
    {
      certificateFile: Type.Optional(
        Type.String({
          description: 'PEM of the certificate authority; with `key`. Generated in the data directory when absent.',
        }),
      ),
      key: Type.Optional(secretSetting({ description: 'Private key of the certificate authority (PEM).' })),
    },
    { description: 'The certificate authority of the platform. All replicas need the same.' },
  ),
  operatorSecret: Type.Optional(
    secretSetting({ description: 'Opens the operator API of the connectivity service to callers on this machine.' }),
  ),
  brokerPassword: Type.Optional(
    secretSetting({
      description:
        'Password of the user `broker` of the service broker (Open Service Broker API, /v2 of the connectivity service). Generated in the data directory when absent.',
    }),
  ),
  proxy: Type.Object(
    {
      host: Type.String({ default: 'localhost', description: 'Host name in bindings: `onpremise_proxy_host`.' }),
      httpPort: Type.Integer({ default: 20_003, minimum: 1, maximum: 65_535, description: 'Port of the HTTP proxy.' }),
      socks5Port: Type.Integer({
        default: 20_004,
        minimum: 1,
        maximum: 65_535,
        description: 'Port of the SOCKS5 proxy.',
      }),
      rfcLdapPort: Type.Integer({
        default: 20_001,
        minimum: 1,
        maximum: 65_535,
        description: 'Port of the RFC and LDAP proxy.',
      }),
    },
    { description: 'Where applications reach the connectivity proxy. Written into their bindings.' },
  ),
  publicUrls: Type.Object(
    {
      destination: Type.String({
        default: '',
        pattern: '^(|https?://.+)$',
        description: 'Destination service. Empty: the address of this process.',
      }),
      connectivity: Type.String({
        default: '',
        pattern: '^(|https://.+)$',
        description: 'Connectivity service. Empty: the address of this process, for clients on this machine.',
      }),
    },
    { description: 'Where clients reach the services, when something stands in front of them. Written into bindings.' },
  ),
  identity: cloudIdentitySchema,
  tokenService: Type.Object(tokenServiceConfigSchema.properties, { description: 'Token service (https).' }),
  destinationService: Type.Object(destinationServiceConfigSchema.properties, { description: 'Destination service.' }),
  connectivityService: Type.Object(connectivityServiceConfigSchema.properties, {
    description: 'Connectivity service: region endpoints, control sessions, operator API (https).',
  }),
  notifications: Type.Object(notificationsConfigSchema.properties, {
    description: 'Who is told of certificates that are renewed or end, and how.',
  }),
})

export type CloudConfig = Static<typeof cloudConfigSchema>
