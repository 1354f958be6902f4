import { Argument, InvalidArgumentError, Option } from 'commander'
import { addCommand, type CommandContext, dataOption } from '../command-spec.ts'
import { addConfigOptions } from '../config/config-options.ts'
import type { NamedDestination, TransparentProxyRun } from '../run/run-transparent-proxy.ts'

/** `landbridge transparent-proxy [DESTINATION…]`: applications call destinations by host name, without an SDK. */
export function addTransparentProxyCommand(context: CommandContext): void {
  const command = addCommand(context, 'transparent-proxy', 'let applications call destinations by host name', [
    ['landbridge transparent-proxy demo-backend', 'curl http://demo-backend.default.localhost:8090/hello'],
    ['landbridge transparent-proxy erp=ERP-PROD', 'the destination ERP-PROD as http://erp.default.localhost:8090'],
    ['landbridge transparent-proxy "gateway=*"', 'any destination, named in the header X-Destination-Name'],
    ['landbridge transparent-proxy --config tp.yaml', 'landbridge config sample transparent-proxy > tp.yaml'],
  ])
    .addArgument(
      new Argument(
        '[destinations...]',
        'destinations to serve besides those of the configuration, as name=DESTINATION or DESTINATION',
      )
        .argParser((text: string, previous: readonly NamedDestination[] | undefined) => [
          ...(previous ?? []),
          named(text),
        ])
        .default([], 'none'),
    )
    .addOption(new Option('--env <file>', 'bindings in a file like default-env.json'))
    .addOption(dataOption())
  addConfigOptions(command).action(
    async (destinations: readonly NamedDestination[], options: Omit<TransparentProxyRun, 'destinations'>) => {
      // Loaded only here, like all that one command alone needs.
      const { runTransparentProxy } = await import('../run/run-transparent-proxy.ts')
      await runTransparentProxy(context.terminal, { ...options, destinations })
    },
  )
}

function named(text: string): NamedDestination {
  const [, given, destination = ''] = /^(?:([^=]*)=)?(.*)$/.exec(text) ?? []
  const name = given ?? destination.toLowerCase()
  if (!/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
    throw new InvalidArgumentError(
      'A host name has lower-case letters, digits and hyphens: write name=DESTINATION, for example erp=ERP_PROD.',
    )
  if (!/^([A-Za-z0-9_.-]{1,200}|\*)$/.test(destination))
    throw new InvalidArgumentError('It is no name of a destination.')
  return { name, destination }
}
