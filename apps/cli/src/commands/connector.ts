import { join } from 'node:path'
import { addCommand, type CommandContext } from '../command-spec.ts'
import { startConnectorGroup } from '../compose/connector.ts'
import { type ConnectorConfig, connectorConfigSchema } from '../compose/connector-config.ts'
import { openSealer, sealerFrom } from '../compose/platform-keys.ts'
import { addConfigOptions, type ConfigOptions, componentConfig } from '../config/config-options.ts'
import { writeFileWhole } from '../state/write-file.ts'
import { type ComponentEnvironment, runComponent, type StartedComponent } from './run-component.ts'

/** `landbridge connector`: a Cloud Connector as a process of its own. */
export function addConnectorCommand(context: CommandContext): void {
  const command = addCommand(context, 'connector', 'run a Cloud Connector', [
    ['landbridge connector --config connector.yaml', 'with a configuration: landbridge config sample connector'],
    [
      'landbridge connector --set dataDirectory=/var/lib/plant2 --set connector.port=8444',
      'a second one on this machine',
    ],
  ])
  addConfigOptions(command).action((options: ConfigOptions & { json?: boolean }) => {
    const config = componentConfig(connectorConfigSchema, context.terminal, options)
    return runComponent(context.terminal, {
      name: 'connector',
      dataDirectory: config.dataDirectory,
      logLevel: config.logLevel,
      json: options.json === true,
      start: (environment) => start(config, environment),
    })
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
