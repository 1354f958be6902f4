import { addCommand, addGroup, type CommandContext } from '../../command-spec.ts'
import { table } from '../../output/table.ts'
import { DestinationClient, type DestinationOptions, jsonOf } from './destination-client.ts'
import { addFileCommands } from './files.ts'
import { destinationOptions, report } from './options.ts'
import { addTemplatesCommand } from './templates.ts'
import { addTrustCommand } from './trust.ts'

type Properties = Readonly<Record<string, string>>

interface Check {
  readonly success: boolean
  readonly message: string
}

/** `landbridge destination ACTION`: administrates destinations with the credentials of a binding. */
export function addDestinationCommands(context: CommandContext): void {
  const group = addGroup(
    context,
    'destination',
    'list, show, import, export, check and delete destinations; trust of the subaccount',
    [
      ['landbridge destination list', 'the destinations of the subaccount'],
      ['landbridge destination import erp.properties', 'store the destinations of a file'],
      ['landbridge destination export erp --out erp.properties', 'write one to a file, without its secrets'],
      ['landbridge destination check erp', 'is its target reachable? (exit status 0 when it is)'],
      ['landbridge destination templates basic > new.properties', 'a file to start from'],
    ],
  )
  addReading(group)
  addFileCommands(group)
  addWriting(group)
  addCheck(group)
  addTemplatesCommand(group)
  addTrustCommand(group)
}

function addReading(group: CommandContext): void {
  const { terminal } = group
  destinationOptions(
    addCommand(group, 'list', 'list destinations', [
      ['landbridge destination list --level instance --key key.json', 'those of a service instance'],
    ]),
  ).action((options: DestinationOptions) =>
    DestinationClient.use(terminal, options, async (client) => {
      const all = jsonOf<readonly Properties[]>(await client.rest({ step: 'list destinations', path: '' }))
      if (options.json)
        terminal.print(
          JSON.stringify(
            all.map(({ Name, Type, URL, ProxyType, Authentication }) => ({
              Name,
              Type,
              URL,
              ProxyType,
              Authentication,
            })),
          ),
        )
      else terminal.print(table([['NAME', 'TYPE', 'PROXY', 'AUTHENTICATION', 'URL'], ...all.map(row)], ''))
    }),
  )
  destinationOptions(
    addCommand(group, 'show', 'show the properties of a destination, without its secrets', [
      ['landbridge destination show erp', 'as a properties file'],
    ]),
  )
    .argument('<name>', 'name of the destination')
    .action((name: string, options: DestinationOptions) =>
      DestinationClient.use(terminal, options, async (client) => {
        const path = `/export?${new URLSearchParams({ name })}`
        const text = (await client.administration({ step: 'show the destination', path })).bytes.toString('latin1')
        terminal.print(options.json ? JSON.stringify({ name, properties: text }) : text.trimEnd())
      }),
    )
}

function row({
  Name = '',
  Type = '',
  ProxyType = '-',
  Authentication = '-',
  URL = '-',
}: Properties): readonly string[] {
  return [Name, Type, ProxyType, Authentication, URL]
}

function addWriting(group: CommandContext): void {
  const { terminal } = group
  destinationOptions(
    addCommand(group, 'duplicate', 'copy a destination with all its properties, secrets included', [
      ['landbridge destination duplicate erp erp-test', 'a second one on the same level'],
    ]),
  )
    .argument('<name>', 'name of the destination')
    .argument('<new-name>', 'name of the copy')
    .action((name: string, newName: string, options: DestinationOptions) =>
      DestinationClient.use(terminal, options, async (client) => {
        const path = `/${encodeURIComponent(name)}/duplicate`
        await client.administration({
          step: 'duplicate the destination',
          method: 'POST',
          path,
          body: { Name: newName },
        })
        report(terminal, options, { name: newName }, `Created ${newName} from ${name}.`)
      }),
    )
  destinationOptions(
    addCommand(group, 'delete', 'delete a destination', [['landbridge destination delete erp', 'remove it for good']]),
  )
    .argument('<name>', 'name of the destination')
    .action((name: string, options: DestinationOptions) =>
      DestinationClient.use(terminal, options, async (client) => {
        await client.rest({
          step: 'delete the destination',
          method: 'DELETE',
          path: `/${encodeURIComponent(name)}`,
        })
        report(terminal, options, { name }, `Deleted ${name}.`)
      }),
    )
}

function addCheck(group: CommandContext): void {
  const { terminal } = group
  destinationOptions(
    addCommand(group, 'check', 'check that the target of a destination can be connected to', [
      ['landbridge destination check erp', 'exit status 0 when it can'],
    ]),
  )
    .argument('<name>', 'name of the destination')
    .action((name: string, options: DestinationOptions) =>
      DestinationClient.use(terminal, options, async (client) => {
        const path = `/${encodeURIComponent(name)}/check`
        const result = jsonOf<Check>(
          await client.administration({ step: 'check the connection', method: 'POST', path }),
        )
        report(terminal, options, result, result.message)
        if (!result.success) group.exitWith(1)
      }),
    )
}
