import { cloudConnectorConfigSchema } from '@landbridge/cloud-connector'
import { secretSetting } from '@landbridge/config'
import { type Static, Type } from '@sinclair/typebox'
import { logLevel, sealingKeyCommand } from '../config/shared-settings.ts'

/** Configuration of `landbridge connector`. */
export const connectorConfigSchema = Type.Object({
  dataDirectory: Type.String({
    default: '.landbridge-connector',
    description: 'Folder for the database of the connector and its generated key. Each connector needs its own.',
  }),
  logDirectory: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'Folder for the trace file, payload traces and audit files. Default: the folder log in the data directory.',
    }),
  ),
  logLevel,
  sealingKey: Type.Optional(
    secretSetting({
      description: 'Key that encrypts stored secrets: 32 bytes in base64. Generated in the data directory when absent.',
    }),
  ),
  sealingKeyCommand: Type.Optional(sealingKeyCommand),
  formerSealingKeys: Type.Optional(
    secretSetting({
      description: 'Keys that open stored secrets and seal none, one a line: former ones. See `landbridge keys`.',
    }),
  ),
  connector: Type.Object(cloudConnectorConfigSchema.properties, { description: 'The Cloud Connector.' }),
})

export type ConnectorConfig = Static<typeof connectorConfigSchema>
