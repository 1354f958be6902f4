import type { TObject } from '@sinclair/typebox'
import { cloudConfigSchema } from '../compose/cloud-config.ts'
import { connectorConfigSchema } from '../compose/connector-config.ts'
import { proxyConfigSchema } from '../compose/proxy-config.ts'
import { transparentProxySettingsSchema } from '../compose/transparent-proxy-config.ts'
import { upConfigSchema } from '../up/up-config.ts'
import type { ComponentName } from './component-names.ts'

export interface ComponentConfiguration {
  readonly schema: TObject
  readonly summary: string
}

/** One configuration per process that the command line can start. */
export const components: Readonly<Record<ComponentName, ComponentConfiguration>> = {
  up: {
    schema: upConfigSchema,
    summary: 'Everything in one process: `landbridge up`.',
  },
  cloud: {
    schema: cloudConfigSchema,
    summary: 'Token, destination and connectivity service: `landbridge cloud`.',
  },
  proxy: {
    schema: proxyConfigSchema,
    summary: 'The connectivity proxy, one replica: `landbridge proxy`.',
  },
  connector: {
    schema: connectorConfigSchema,
    summary: 'The Cloud Connector: `landbridge connector`.',
  },
  'transparent-proxy': {
    schema: transparentProxySettingsSchema,
    summary: 'Destinations by host name: `landbridge transparent-proxy`.',
  },
}
