import { transparentProxyConfigSchema } from '@landbridge/transparent-proxy'
import { type Static, Type } from '@sinclair/typebox'
import { logLevel } from '../config/shared-settings.ts'

/** Configuration of `landbridge transparent-proxy`. */
export const transparentProxySettingsSchema = Type.Object({
  logLevel,
  bindingsFile: Type.Optional(
    Type.String({
      description:
        'File like `default-env.json` with the bindings of the destination service and of the connectivity service. Default: VCAP_SERVICES, else `default-env.json` of the working directory, else those of the platform that runs in the data directory.',
    }),
  ),
  platformCaFile: Type.Optional(
    Type.String({
      description:
        'PEM of an authority that token and destination service are trusted by, besides the public ones and the one of the platform that runs in the data directory.',
    }),
  ),
  transparentProxy: Type.Object(transparentProxyConfigSchema.properties, { description: 'The transparent proxy.' }),
})

export type TransparentProxySettings = Static<typeof transparentProxySettingsSchema>
