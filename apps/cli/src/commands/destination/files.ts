import { readFileSync } from 'node:fs'
import { basename, extname, resolve } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { Option } from 'commander'
import { addCommand, type CommandContext, collect } from '../../command-spec.ts'
import { fileReason } from '../../output/file-failure.ts'
import { writeFileWhole } from '../../state/write-file.ts'
import type { Terminal } from '../../terminal.ts'
import { type Answer, DestinationClient, type DestinationOptions, jsonOf } from './destination-client.ts'
import { destinationOptions, report } from './options.ts'
import { askForSecrets, readSecrets, withSecrets } from './secrets.ts'

interface ImportOptions extends DestinationOptions {
  readonly existing: string
  readonly secret: readonly string[]
  readonly ask?: boolean
}

interface Imported {
  readonly imported: readonly { readonly name: string; readonly outcome: string; readonly missing: readonly string[] }[]
}

/** Names of files that hold destinations; a key store is stored as a certificate (guide L6265). */
const destinationFiles: ReadonlySet<string> = new Set(['.props', '.properties', '.txt', '', '.json'])

export function addFileCommands(group: CommandContext): void {
  const { terminal } = group
  destinationOptions(
    addCommand(
      group,
      'import <files...>',
      'store destinations of .props, .properties, .txt and .json files, or a .jks key store',
      [
        ['landbridge destination import erp.properties', 'a properties file in ISO 8859-1'],
        ['landbridge destination import all.txt --existing update', 'replace those that exist'],
        ['landbridge destination import erp --secret Password=pw.txt', 'give a secret that the export withheld'],
        ['landbridge destination import client.jks', 'a key store, as a certificate'],
      ],
    ),
  )
    .addOption(
      new Option('--existing <policy>', 'when a name exists').choices(['fail', 'ignore', 'update']).default('fail'),
    )
    .addOption(
      new Option('--secret <key=file>', 'a file with a secret that the export withheld; repeatable')
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(new Option('--ask', 'ask for withheld secrets, line by line from the input (default: in a terminal)'))
    .addOption(new Option('--no-ask', 'never ask'))
    .action((files: readonly string[], options: ImportOptions) =>
      DestinationClient.use(terminal, options, async (client) => {
        for (const file of files) await importFile(terminal, client, resolve(terminal.workingDirectory, file), options)
      }),
    )
  destinationOptions(
    addCommand(group, 'export', 'write destinations to a file, without their secrets', [
      ['landbridge destination export erp', 'print it'],
      ['landbridge destination export --out all.properties', 'all of the level in one file'],
      ['landbridge destination export mtls --out mtls.zip', 'with its key store, as an archive'],
    ]),
  )
    .argument('[names...]', 'names of destinations (default: all)')
    .addOption(new Option('--out <file>', 'file to write'))
    .action((names: readonly string[], options: DestinationOptions & { out?: string }) =>
      DestinationClient.use(terminal, options, async (client) =>
        deliver(terminal, await exported(client, names), options),
      ),
    )
}

async function importFile(
  terminal: Terminal,
  client: DestinationClient,
  file: string,
  options: ImportOptions,
): Promise<void> {
  const extension = extname(file).toLowerCase()
  const content = readBytes(file)
  if (extension === '.jks') {
    const body = { Name: basename(file), Content: content.toString('base64'), Type: 'CERTIFICATE' }
    await client.certificates({ step: 'store the key store', method: 'POST', path: '', body })
    return report(terminal, options, { certificate: body.Name }, `Stored ${body.Name} as a certificate.`)
  }
  if (!destinationFiles.has(extension))
    throw new PlatformError('CLI_FILE_UNUSABLE', {
      path: file,
      reason: 'its name must end in .props, .properties, .txt, .json, .jks or have no extension',
    })
  const given = readSecrets(options.secret, terminal.workingDirectory)
  const asks = extension !== '.json' && (options.ask ?? terminal.isInteractive)
  const secrets = asks ? await askForSecrets(content, given, (question) => terminal.askSecret(question)) : given
  const body = extension === '.json' ? parsed(file, content) : await withSecrets(content, secrets)
  const path = `/import?existing=${options.existing}`
  const { imported } = jsonOf<Imported>(
    await client.administration({ step: `import ${basename(file)}`, method: 'POST', path, body }),
  )
  if (options.json) terminal.print(JSON.stringify({ file, imported }))
  else
    for (const { name, outcome, missing } of imported) {
      const lacks = missing.length === 0 ? '' : ` It lacks ${missing.join(', ')}: import again with --secret.`
      terminal.print(`${name}: ${outcome}.${lacks}`)
    }
}

function exported(client: DestinationClient, names: readonly string[]): Promise<Answer> {
  const [name] = names
  const path =
    names.length === 1 && name !== undefined
      ? `/${encodeURIComponent(name)}/export`
      : `/export?${new URLSearchParams(names.map((one): [string, string] => ['name', one]))}`
  return client.administration({ step: 'export destinations', path })
}

async function deliver(
  terminal: Terminal,
  { bytes, contentType }: Answer,
  options: DestinationOptions & { out?: string },
): Promise<void> {
  const isArchive = contentType.startsWith('application/zip')
  if (options.out !== undefined) {
    const file = resolve(terminal.workingDirectory, options.out)
    writeFileWhole(file, bytes)
    return report(terminal, options, { file }, `Wrote ${file}.`)
  }
  if (isArchive)
    throw new PlatformError('CLI_FILE_UNUSABLE', {
      path: 'standard output',
      reason: 'the destination comes as an archive with its key store: name a file with --out',
    })
  const text = bytes.toString('latin1')
  terminal.print(options.json ? JSON.stringify({ properties: text }) : text.trimEnd())
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    const reason = fileReason(cause, 'it cannot be read')
    throw new PlatformError('CLI_FILE_UNUSABLE', { path: file, reason }, { cause })
  }
}

function parsed(file: string, content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'))
  } catch {
    // The parser's message quotes the text, which may hold passwords.
    throw new PlatformError('CLI_FILE_UNUSABLE', { path: file, reason: 'it is not JSON' })
  }
}
