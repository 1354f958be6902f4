import { Argument, type Command, Option } from 'commander'
import { addCommand, addGroup, type CommandContext } from '../command-spec.ts'
import { addConfigOptions } from '../config/config-options.ts'
import type { KeyComponent } from '../keys/find-parts.ts'
import type { KeysOptions } from '../run/run-keys.ts'

/** `landbridge keys ACTION`: the keys that seal stored secrets. */
export function addKeysCommands(context: CommandContext): void {
  const group = addGroup(context, 'keys', 'list and change the keys that encrypt stored secrets', [
    ['landbridge keys list', 'which keys there are and how many values need each'],
    ['landbridge keys rotate', 'a new key for all that is in .landbridge, which must not be in use'],
    ['landbridge keys reseal cloud --config cloud.yaml', 'after a new key was configured, beside running replicas'],
  ])
  const { terminal, exitWith } = group
  withParts(
    addCommand(group, 'list', 'show the IDs of the keys and how many values need each; never a key', [
      ['landbridge keys list', 'of all that is in .landbridge'],
      ['landbridge keys list connector --config connector.yaml', 'of a connector with a configuration'],
    ]),
  ).action(async (component: KeyComponent | undefined, options: KeysOptions) => {
    // Loaded only here: the services weigh more than all other commands together.
    const { runKeysList } = await import('../run/run-keys.ts')
    await runKeysList(terminal, component, options)
  })
  withParts(
    addCommand(group, 'rotate', 'make a new key, encrypt everything with it, drop the former key from its file', [
      ['landbridge keys rotate --data /var/lib/landbridge', 'stop the process of that directory first'],
      ['landbridge keys rotate cloud --config cloud.yaml', 'where the database is not in the data directory'],
      ['landbridge keys rotate --keep-former', 'for backups of the database that are still needed'],
    ]),
  )
    .addOption(new Option('--keep-former', 'leave the former key in its file, where it opens and seals nothing'))
    .action(async (component: KeyComponent | undefined, options: KeysOptions) => {
      const { runKeysRotate } = await import('../run/run-keys.ts')
      if (!(await runKeysRotate(terminal, component, options))) exitWith(1)
    })
  withParts(
    addCommand(group, 'reseal', 'encrypt with the key that seals now what another key encrypted', [
      ['landbridge keys reseal cloud --config cloud.yaml', 'after the configured key was changed'],
      ['landbridge keys reseal', 'to finish an interrupted "landbridge keys rotate" without another new key'],
    ]),
  ).action(async (component: KeyComponent | undefined, options: KeysOptions) => {
    const { runKeysReseal } = await import('../run/run-keys.ts')
    if (!(await runKeysReseal(terminal, component, options))) exitWith(1)
  })
}

function withParts(command: Command): Command {
  const component = new Argument('[component]', 'take keys and database from its configuration').choices([
    'cloud',
    'connector',
  ])
  const data = new Option('--data <dir>', 'data directory (default: ".landbridge", or that of the configuration)')
  return addConfigOptions(command.addArgument(component).addOption(data))
}
