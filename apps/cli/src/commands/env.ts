import { resolve } from 'node:path'
import { Option } from 'commander'
import { type EnvironmentFormat, environmentText } from '../binding/environment-text.ts'
import { fetchVcapServices } from '../binding/fetch-vcap-services.ts'
import { addCommand, type CommandContext, dataOption } from '../command-spec.ts'
import { readState } from '../state/state-file.ts'
import { writeFileWhole } from '../state/write-file.ts'

interface EnvOptions {
  readonly data: string
  readonly format: EnvironmentFormat
  readonly out?: string
  readonly stdout?: boolean
  readonly subaccount?: string
  readonly json?: boolean
}

/** `landbridge env`: the service bindings in the form that applications read. */
export function addEnvCommand(context: CommandContext): void {
  addCommand(context, 'env', 'write the service bindings (VCAP_SERVICES) for an application', [
    ['landbridge env', 'write default-env.json, which @sap/xsenv reads'],
    ['landbridge env --subaccount plant', 'the bindings of another subaccount'],
    ['landbridge env --format dotenv --out .env', 'the same as a .env file'],
    ['set -a; source <(landbridge env --stdout --format dotenv); set +a', 'into the shell'],
  ])
    .addOption(dataOption())
    .addOption(
      new Option(
        '--subaccount <id>',
        'bindings of this subaccount (ID or subdomain; default: those of the demo application, else of the only subaccount)',
      ),
    )
    .addOption(new Option('--format <format>', 'format of the file').choices(['json', 'dotenv']).default('json'))
    .addOption(new Option('--out <file>', 'file to write (default: default-env.json, or .env for dotenv)'))
    .addOption(new Option('--stdout', 'print instead of writing a file'))
    .action((options: EnvOptions) => run(context, options))
}

async function run({ terminal }: CommandContext, options: EnvOptions): Promise<void> {
  const known = readState(options.data)
  const { data, subaccount } = options
  // Only `landbridge up` has an application of its own, whose bindings are in the state.
  const isDemo = subaccount === undefined && Object.keys(known.vcapServices).length > 0
  const state = isDemo ? known : { ...known, vcapServices: await fetchVcapServices(data, subaccount) }
  const text = environmentText(options.format, state)
  if (options.stdout) {
    terminal.print(text.trimEnd())
    return
  }
  const file = resolve(
    terminal.workingDirectory,
    options.out ?? (options.format === 'json' ? 'default-env.json' : '.env'),
  )
  // The bindings hold client secrets: only the owner may read them.
  writeFileWhole(file, text)
  const services = Object.keys(state.vcapServices)
  if (options.json) {
    terminal.print(JSON.stringify({ file, services, caFile: state.caFile }))
    return
  }
  terminal.print(`Wrote ${file} (${services.join(', ')}).`)
  terminal.print('Applications must also trust the certificate authority of this platform:')
  terminal.print(`  export NODE_EXTRA_CA_CERTS=${shellWord(state.caFile)}`)
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
