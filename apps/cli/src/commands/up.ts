import { type Command, Option } from 'commander'
import { addCommand, type CommandContext, dataOption } from '../command-spec.ts'
import { addConfigOptions } from '../config/config-options.ts'
import type { UpCommandOptions } from '../run/run-up.ts'
import { type PortName, portNames, portOption, portsSchema } from '../up/ports.ts'

/** `landbridge up`: everything in one process. */
export function addUpCommand(context: CommandContext): void {
  const command = addCommand(context, 'up', 'start everything in one process, with a demo landscape', [
    ['landbridge up', 'data in ./.landbridge, ports near the defaults'],
    ['landbridge up --data /tmp/lb --port-proxy 20010', 'another place, and a port that must not move'],
    ['landbridge up --json | jq .components', 'addresses for a script, once everything is ready'],
  ]).addOption(dataOption())
  for (const name of portNames) addPortOption(command, name)
  addConfigOptions(command).action(async (options: UpCommandOptions) => {
    // Loaded only here: the services weigh more than all other commands together.
    const { runUp } = await import('../run/run-up.ts')
    await runUp(context.terminal, options)
  })
}

function addPortOption(command: Command, name: PortName): void {
  const { description = '', default: standard } = portsSchema.properties[name]
  const text = `${description.split(';')[0]} (default: ${String(standard)}, or a free one near it)`
  command.addOption(new Option(`--${portOption(name)} <port>`, text))
}
