import { join } from 'node:path'
import { startConnectorGroup } from '../compose/connector.ts'
import { type ConnectorConfig, connectorConfigSchema } from '../compose/connector-config.ts'
import { openSealer, sealerFrom } from '../compose/platform-keys.ts'
import { type ConfigOptions, componentConfig } from '../config/config-options.ts'
import { writeFileWhole } from '../state/write-file.ts'
import type { Terminal } from '../terminal.ts'
import { type ComponentEnvironment, runComponent, type StartedComponent } from './run-component.ts'

/** Runs `landbridge connector` until it is asked to stop. */
export function runConnector(terminal: Terminal, options: ConfigOptions & { readonly json?: boolean }): Promise<void> {
  const config = componentConfig(connectorConfigSchema, terminal, options)
  return runComponent(terminal, {
    name: 'connector',
    dataDirectory: config.dataDirectory,
    logLevel: config.logLevel,
    json: options.json === true,
    start: (environment) => start(config, environment),
  })
}

async function start(
  config: ConnectorConfig,
  { dataDirectory, clock, log }: ComponentEnvironment,
): Promise<StartedComponent> {
  const connector = await startConnectorGroup({
    config: config.connector,
    storeUrl: `sqlite:${join(dataDirectory, 'connector.db')}`,
    sealer:
      config.sealingKey === undefined
        ? openSealer(dataDirectory, 'connector.key')
        : sealerFrom(config.sealingKey.reveal().trim(), 'sealingKey'),
    clock,
    log,
  })
  const { name, url } = connector
  const caFile = join(dataDirectory, 'connector-ca.pem')
  writeFileWhole(caFile, connector.uiCa, 0o644)
  return { caFile, components: [{ name, url, readyUrl: `${url}/health/ready` }], close: () => connector.close() }
}
