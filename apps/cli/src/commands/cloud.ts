import { addCommand, type CommandContext } from '../command-spec.ts'
import { addConfigOptions, type ConfigOptions } from '../config/config-options.ts'

/** `landbridge cloud`: token, destination and connectivity service as one process. */
export function addCloudCommand(context: CommandContext): void {
  const command = addCommand(context, 'cloud', 'run token, destination and connectivity service', [
    ['landbridge cloud --config cloud.yaml', 'with a configuration: landbridge config sample cloud'],
    ['LANDBRIDGE_STORE_POSTGRES_URL_FILE=/run/secrets/db landbridge cloud', 'a replica on PostgreSQL'],
  ])
  addConfigOptions(command).action(async (options: ConfigOptions & { json?: boolean }) => {
    // Loaded only here: the services weigh more than all other commands together.
    const { runCloud } = await import('../run/run-cloud.ts')
    await runCloud(context.terminal, options)
  })
}
