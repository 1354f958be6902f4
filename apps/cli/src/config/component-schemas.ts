import type { TObject } from '@sinclair/typebox'
import { cloudConfigSchema } from '../compose/cloud-config.ts'
import { connectorConfigSchema } from '../compose/connector-config.ts'
import { upConfigSchema } from '../up/up-config.ts'

/** One configuration per process that the command line can start. */
export const components = {
  up: {
    schema: upConfigSchema as TObject,
    summary: 'Everything in one process: `landbridge up`.',
  },
  cloud: {
    schema: cloudConfigSchema as TObject,
    summary: 'Token, destination and connectivity service: `landbridge cloud`.',
  },
  connector: {
    schema: connectorConfigSchema as TObject,
    summary: 'The Cloud Connector: `landbridge connector`.',
  },
} as const satisfies Readonly<Record<string, { readonly schema: TObject; readonly summary: string }>>

export type ComponentName = keyof typeof components

export const componentNames = Object.keys(components) as ComponentName[]
