import { type ConfigEntry, configReference, describeConfig, sampleConfig } from '@landbridge/config'
import { PlatformError } from '@landbridge/kernel'
import { Argument } from 'commander'
import { addCommand, type CommandContext } from '../command-spec.ts'
import { type ComponentName, componentNames } from '../config/component-names.ts'
import { addConfigOptions, type ConfigOptions, configSources } from '../config/config-options.ts'
import { table } from '../output/table.ts'

const actions = ['print', 'verify', 'sample', 'reference'] as const

/** `landbridge config ACTION COMPONENT`: what is configured, and from where. */
export function addConfigCommand(context: CommandContext): void {
  const command = addCommand(context, 'config', 'print, verify or document the configuration of a component', [
    ['landbridge config sample proxy > proxy.yaml', 'a file to start from'],
    ['landbridge config verify proxy --config proxy.yaml', 'check without starting (exit status 0 when valid)'],
    ['landbridge config print proxy --config proxy.yaml', 'every value with its origin, secrets redacted'],
  ])
    .addArgument(new Argument('<action>', 'what to do').choices(actions))
    .addArgument(new Argument('<component>', 'whose configuration').choices(componentNames))
  addConfigOptions(command).action(
    (action: (typeof actions)[number], component: ComponentName, options: ConfigOptions & { json?: boolean }) =>
      run(context, action, component, options),
  )
}

async function run(
  { terminal }: CommandContext,
  action: (typeof actions)[number],
  name: ComponentName,
  options: ConfigOptions & { json?: boolean },
): Promise<void> {
  // Loaded only here: schemas come with the services, which weigh more than all other commands together.
  const { components } = await import('../config/component-schemas.ts')
  const { schema, summary } = components[name]
  if (action === 'sample') {
    terminal.print(sampleConfig(schema).trimEnd())
    return
  }
  if (action === 'reference') {
    const page = { title: `Configuration of ${name}`, introduction: summary }
    terminal.print(options.json ? JSON.stringify(schema) : configReference(schema, page).trimEnd())
    return
  }
  const { entries, problems } = describeConfig(schema, configSources(terminal, options))
  if (options.json) terminal.print(JSON.stringify({ valid: problems.length === 0, entries, problems }))
  else if (action === 'print') terminal.print(table(entries.map(row)))
  if (problems.length > 0)
    throw new PlatformError('CONFIG_INVALID', {
      ...(options.config === undefined ? {} : { file: options.config }),
      problems,
    })
  if (action === 'verify' && !options.json) terminal.print('The configuration is valid.')
}

function row({ path, value, origin }: ConfigEntry): readonly string[] {
  return [path, value === undefined ? '' : JSON.stringify(value), origin]
}
