import type { DestinationTemplate } from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import { addCommand, type CommandContext } from '../../command-spec.ts'
import { table } from '../../output/table.ts'

/** `landbridge destination templates [NAME]`: files to start from. */
export function addTemplatesCommand(group: CommandContext): void {
  addCommand(group, 'templates', 'print a destination to start from, for each kind of destination', [
    ['landbridge destination templates', 'list the templates'],
    ['landbridge destination templates client-credentials > api.properties', 'one of them as a file'],
  ])
    .argument('[name]', 'name of a template')
    .action(async (name: string | undefined, options: { json?: boolean }) => {
      const { destinationTemplates, writeDestinationTemplate } = await import('@landbridge/destinations')
      const chosen = name === undefined ? undefined : named(destinationTemplates, name)
      if (options.json) group.terminal.print(JSON.stringify(chosen ?? destinationTemplates))
      else if (chosen !== undefined) group.terminal.print(writeDestinationTemplate(chosen).trimEnd())
      else group.terminal.print(table([['TEMPLATE', 'FOR'], ...destinationTemplates.map(row)], ''))
    })
}

function row({ name, summary, properties }: DestinationTemplate): readonly string[] {
  return [name, `${summary} (${properties.Authentication ?? properties.Type})`]
}

function named(templates: readonly DestinationTemplate[], name: string): DestinationTemplate {
  const found = templates.find((template) => template.name === name)
  if (found === undefined)
    throw new PlatformError('CLI_NAME_UNKNOWN', {
      kind: 'template',
      name,
      known: templates.map((template) => template.name),
    })
  return found
}
