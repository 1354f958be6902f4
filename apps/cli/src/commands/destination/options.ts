import { type Command, Option } from 'commander'
import { dataOption } from '../../command-spec.ts'
import type { Terminal } from '../../terminal.ts'

/** The options that every action on stored destinations has. */
export function destinationOptions(command: Command): Command {
  return command
    .addOption(new Option('--level <level>', 'where').choices(['subaccount', 'instance']).default('subaccount'))
    .addOption(new Option('--key <file>', 'a service key, as `landbridge service bind --out` writes it'))
    .addOption(
      new Option(
        '--env <file>',
        'bindings in a file like default-env.json (default: those of --data, VCAP_SERVICES, ./default-env.json, ./.landbridge)',
      ),
    )
    .addOption(dataOption())
}

/** Prints one JSON document with --json, else words. */
export function report(terminal: Terminal, options: { json?: boolean }, document: object, words: string): void {
  terminal.print(options.json ? JSON.stringify(document) : words)
}
