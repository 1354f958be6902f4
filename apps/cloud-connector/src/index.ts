export { type CloudConnectorConfig, cloudConnectorConfigSchema } from './config.ts'
export { type CloudConnector, type CloudConnectorOptions, startCloudConnector } from './start-cloud-connector.ts'
