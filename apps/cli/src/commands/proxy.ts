import { addCommand, type CommandContext } from '../command-spec.ts'
import { addConfigOptions, type ConfigOptions } from '../config/config-options.ts'

/** `landbridge proxy`: a replica of the connectivity proxy as a process of its own. */
export function addProxyCommand(context: CommandContext): void {
  const command = addCommand(context, 'proxy', 'run a connectivity proxy (one replica)', [
    ['landbridge proxy --config proxy.yaml', 'with a configuration: landbridge config sample proxy'],
    ['landbridge proxy --config proxy.yaml --set proxy.servers.proxy.http.port=20013', 'another port than in the file'],
  ])
  addConfigOptions(command).action(async (options: ConfigOptions & { json?: boolean }) => {
    // Loaded only here: the services weigh more than all other commands together.
    const { runProxy } = await import('../run/run-proxy.ts')
    await runProxy(context.terminal, options)
  })
}
