import { Option } from 'commander'
import { addCommand, type CommandContext } from '../command-spec.ts'
import { addConfigOptions } from '../config/config-options.ts'
import type { ProxyOptions } from '../run/run-proxy.ts'

/** `landbridge proxy`: a replica of the connectivity proxy as a process of its own. */
export function addProxyCommand(context: CommandContext): void {
  const command = addCommand(context, 'proxy', 'run a connectivity proxy (one replica)', [
    ['landbridge proxy --config proxy.yaml', 'with a configuration: landbridge config sample proxy'],
    ['landbridge proxy --config proxy.yaml --set proxy.servers.proxy.http.port=20013', 'another port than in the file'],
    ['landbridge proxy --config proxy.yaml --workers auto', 'one process per core, behind the same ports'],
  ])
  command.addOption(
    new Option('--workers <number>', 'processes that share the ports: a number, or auto for one per core'),
  )
  addConfigOptions(command).action(async (options: ProxyOptions) => {
    // Loaded only here: the services weigh more than all other commands together.
    const { runProxy } = await import('../run/run-proxy.ts')
    await runProxy(context.terminal, options)
  })
}
