import { readFileSync } from 'node:fs'
import { createLog, PlatformError } from '@landbridge/kernel'
import { Argument, InvalidArgumentError, Option } from 'commander'
import { findBindings } from '../binding/find-bindings.ts'
import { addCommand, type CommandContext, dataOption } from '../command-spec.ts'

interface ForwardOptions {
  readonly data: string
  readonly env?: string
  readonly port: number
  readonly json?: boolean
}

/** `landbridge rfc-forward DESTINATION`: a local port for clients of the classic RFC protocol. */
export function addRfcForwardCommand(context: CommandContext): void {
  addCommand(context, 'rfc-forward', 'give RFC clients a local port that leads to an RFC destination', [
    ['landbridge rfc-forward erp', 'listen on 127.0.0.1:3300: host 127.0.0.1, system number 00'],
    ['landbridge rfc-forward erp --port 3342', 'the same with system number 42'],
  ])
    .addArgument(new Argument('<destination>', 'name of a destination of type RFC'))
    .addOption(
      new Option('--port <number>', 'local port: 33NN, where NN is the system number of the clients; 0: any free port')
        .argParser(readPort)
        .default(3_300),
    )
    .addOption(new Option('--env <file>', 'bindings in a file like default-env.json'))
    .addOption(dataOption())
    .action((destination: string, options: ForwardOptions) => run(context, destination, options))
}

async function run({ terminal }: CommandContext, destination: string, options: ForwardOptions): Promise<void> {
  const { services, source, caFiles } = findBindings({
    ...(options.env === undefined ? {} : { file: options.env }),
    dataDirectory: options.data,
    workingDirectory: terminal.workingDirectory,
    environment: terminal.environment,
  })
  // Loaded only here, like all that one command alone needs.
  const { Bindings, openClient, parseVcapServices } = await import('@landbridge/client')
  const client = openClient({
    bindings: new Bindings(parseVcapServices(services, source), [source]),
    ca: caFiles.map((file) => readFileSync(file, 'utf8')).join('\n'),
    log: createLog((_level, event, facts) => terminal.note(`${event} ${JSON.stringify(facts)}`), 'warn'),
  })
  try {
    // Said now, and not to the first client that connects.
    const type = (await client.findDestination(destination)).getProperty('Type') ?? 'HTTP'
    if (type !== 'RFC')
      throw new PlatformError('CLI_DESTINATION_UNUSABLE', { destination, reason: `its Type is ${type}, expected RFC` })
    const forwarder = await client.forwardRfc(destination, options.port)
    const instance = String(forwarder.port).slice(-2)
    terminal.print(
      options.json
        ? JSON.stringify({ host: '127.0.0.1', port: forwarder.port, destination })
        : `127.0.0.1:${forwarder.port} leads to ${destination} (system number ${instance}). Stop with Ctrl+C.`,
    )
    await new Promise<void>((resolve) => terminal.onStop(resolve))
    await forwarder.close()
  } finally {
    await client.close()
  }
}

function readPort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('It is not a port.')
  return port
}
