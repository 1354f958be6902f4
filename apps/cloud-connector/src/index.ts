export { type CloudConnectorConfig, cloudConnectorConfigSchema } from './config.ts'
export { KerberosAgent } from './kerberos/kerberos-agent.ts'
export { type CloudConnector, type CloudConnectorOptions, startCloudConnector } from './start-cloud-connector.ts'
export { openTraceFile } from './trace/trace-file.ts'
