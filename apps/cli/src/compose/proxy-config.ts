import { secretSetting } from '@landbridge/config'
import { connectivityProxyConfigSchema } from '@landbridge/connectivity-proxy'
import { type Static, Type } from '@sinclair/typebox'
import { logLevel } from '../config/shared-settings.ts'
import { proxyIdentitySchema } from './identity-config.ts'

/** Beyond that, several machines are the better answer. */
export const mostWorkers = 64

/** Configuration of `landbridge proxy`. */
export const proxyConfigSchema = Type.Object({
  dataDirectory: Type.String({
    default: '.landbridge-proxy',
    description: 'Folder for the lock and the state of this replica. Each replica needs its own.',
  }),
  logLevel,
  workers: Type.Union([Type.Integer({ minimum: 1, maximum: mostWorkers }), Type.Literal('auto')], {
    default: 1,
    description:
      'Processes that share the ports of the proxies, so that more than one core is used; auto: one per core. To connectors each is a proxy of its own: its tunnel server takes the next port after `proxy.servers.businessDataTunnel.port` (and `externalPort`). Linux, FreeBSD 12 and the like only.',
  }),
  serviceKey: secretSetting({
    description:
      'Service key of a `connectivity_proxy` instance (JSON), as the operator API of the connectivity service returns it.',
  }),
  platformCaFile: Type.Optional(
    Type.String({
      description:
        'PEM of the certificate authority of the platform: trusted for its services, and for certificates of connectors while the connectivity service cannot be asked for its list. Default: the public authorities.',
    }),
  ),
  identity: proxyIdentitySchema,
  tls: Type.Object(
    {
      certificateFile: Type.String({
        description: 'PEM chain of the tunnel server, issued by the platform: see `landbridge certificate`.',
      }),
      key: secretSetting({ description: 'Private key of the tunnel server (PEM).' }),
    },
    { description: 'Certificate of the tunnel server, for its external host name.' },
  ),
  proxy: Type.Object(connectivityProxyConfigSchema.properties, { description: 'The connectivity proxy.' }),
})

export type ProxyConfig = Static<typeof proxyConfigSchema>
