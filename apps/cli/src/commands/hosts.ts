import { addCommand, type CommandContext, dataOption } from '../command-spec.ts'
import { readState } from '../state/state-file.ts'

/** `landbridge hosts`: lines for a hosts file, for clients that need the names of tenants to resolve. */
export function addHostsCommand(context: CommandContext): void {
  addCommand(context, 'hosts', 'print the lines for a hosts file that make the names of tenants resolve', [
    ['landbridge hosts', 'show the lines'],
    ['landbridge hosts | sudo tee -a /etc/hosts', 'add them on this machine'],
  ])
    .addOption(dataOption())
    .action((options: { data: string; json?: boolean }) => {
      const { address, hostNames } = readState(options.data)
      if (options.json) context.terminal.print(JSON.stringify({ address, hostNames }))
      else for (const name of hostNames) context.terminal.print(`${address}\t${name}`)
    })
}
