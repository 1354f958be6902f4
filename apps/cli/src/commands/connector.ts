import { addCommand, type CommandContext } from '../command-spec.ts'
import { addConfigOptions, type ConfigOptions } from '../config/config-options.ts'

/** `landbridge connector`: a Cloud Connector as a process of its own. */
export function addConnectorCommand(context: CommandContext): void {
  const command = addCommand(context, 'connector', 'run a Cloud Connector', [
    ['landbridge connector --config connector.yaml', 'with a configuration: landbridge config sample connector'],
    [
      'landbridge connector --set dataDirectory=/var/lib/plant2 --set connector.port=8444',
      'a second one on this machine',
    ],
  ])
  addConfigOptions(command).action(async (options: ConfigOptions & { json?: boolean }) => {
    // Loaded only here: the services weigh more than all other commands together.
    const { runConnector } = await import('../run/run-connector.ts')
    await runConnector(context.terminal, options)
  })
}
