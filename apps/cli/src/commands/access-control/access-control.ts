import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { Option } from 'commander'
import { FormData } from 'undici'
import { addCommand, addGroup, type CommandContext } from '../../command-spec.ts'
import { fileReason } from '../../output/file-failure.ts'
import { table } from '../../output/table.ts'
import { writeFileWhole } from '../../state/write-file.ts'
import {
  ConnectorClient,
  type ConnectorOptions,
  connectorOptions,
  type SubaccountName,
  splitSubaccount,
} from './connector-client.ts'

interface TransferOptions extends ConnectorOptions {
  readonly whole?: boolean
}

interface ImportOptions extends TransferOptions {
  readonly from?: SubaccountName
  readonly overwrite?: boolean
  readonly resources: boolean
}

type Report = Readonly<Record<string, Readonly<Record<'created' | 'replaced' | 'kept', readonly string[]>>>>

interface Checked {
  readonly virtualHost: string
  readonly virtualPort: string
  readonly localHost: string
  readonly localPort: string
  readonly state: string
  readonly details: readonly { readonly level: string; readonly text: string }[]
}

/** `landbridge access-control ACTION`: what a Cloud Connector of this machine exposes. */
export function addAccessControlCommands(context: CommandContext): void {
  const group = addGroup(
    context,
    'access-control',
    'export, import and check what a Cloud Connector of this machine exposes',
    [
      ['landbridge access-control export --out access.zip', 'all system mappings with their resources'],
      ['landbridge access-control import access.zip --overwrite', 'into the same or another subaccount'],
      ['landbridge access-control check', 'are the internal systems reachable?'],
    ],
  )
  addExport(group)
  addImport(group)
  addCheck(group)
}

const whole = () => new Option('--whole', 'cookie domains and service channels, too')

function addExport(group: CommandContext): void {
  const { terminal } = group
  connectorOptions(
    addCommand(group, 'export', 'write the access control of a subaccount to a ZIP file', [
      ['landbridge access-control export --whole --out subaccount.zip', 'both directions of the subaccount'],
    ]),
  )
    .addOption(whole())
    .requiredOption('--out <file>', 'file to write')
    .action((options: TransferOptions & { out: string }) =>
      ConnectorClient.use(terminal, options, async (client) => {
        const path = `${options.whole ? '' : '/accessControl'}/export`
        const archive = await client.call({ step: 'export the access control', path })
        const file = resolve(terminal.workingDirectory, options.out)
        writeFileWhole(file, archive)
        terminal.print(options.json ? JSON.stringify({ file }) : `Wrote ${file}.`)
      }),
    )
}

function addImport(group: CommandContext): void {
  const { terminal } = group
  connectorOptions(
    addCommand(group, 'import', 'take over access control from a ZIP file or another subaccount, all or nothing', [
      ['landbridge access-control import access.zip', 'only what is missing'],
      ['landbridge access-control import --from 7f0c…@cf.eu10.example --subaccount 8a1d…@cf.eu10.example', 'a copy'],
    ]),
  )
    .argument('[file]', 'a ZIP file that an export wrote')
    .addOption(
      new Option('--from <id@region>', 'another subaccount of the same connector instead of a file').argParser(
        splitSubaccount,
      ),
    )
    .addOption(whole())
    .addOption(new Option('--overwrite', 'replace what is there; otherwise only what is missing is added'))
    .addOption(new Option('--no-resources', 'import mappings that expose nothing'))
    .action((file: string | undefined, options: ImportOptions) =>
      ConnectorClient.use(terminal, options, async (client) => {
        const path = `${options.whole ? '' : '/accessControl'}/import`
        const body = importBody(file, options, terminal.workingDirectory)
        const report = await client.json<Report>({ step: 'import the access control', method: 'POST', path, body })
        if (options.json) terminal.print(JSON.stringify(report))
        else terminal.print(words(report))
      }),
    )
}

function importBody(file: string | undefined, options: ImportOptions, workingDirectory: string): FormData | object {
  const { from, overwrite = false, resources: includeResources } = options
  if ((file === undefined) === (from === undefined))
    throw new PlatformError('CLI_CHOICE_NEEDED', { option: '--from', choices: ['a file', 'a subaccount with --from'] })
  if (file === undefined) return { ...from, overwrite, includeResources }
  const form = new FormData()
  form.append('archive', new Blob([new Uint8Array(readBytes(resolve(workingDirectory, file)))]), basename(file))
  form.append('overwrite', String(overwrite))
  form.append('includeResources', String(includeResources))
  return form
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    const reason = fileReason(cause, 'it cannot be read')
    throw new PlatformError('CLI_FILE_UNUSABLE', { path: file, reason }, { cause })
  }
}

function words(report: Report): string {
  const rows = Object.values(report).flatMap((part) =>
    Object.entries(part).flatMap(([outcome, names]) => names.map((name) => [name, outcome])),
  )
  return rows.length === 0 ? 'There was nothing to import.' : table(rows, '')
}

function addCheck(group: CommandContext): void {
  const { terminal } = group
  connectorOptions(
    addCommand(group, 'check', 'check that internal systems can be reached (exit status 0 when all can)', [
      ['landbridge access-control check erp.virtual:443', 'one system, with what is wrong and what to do'],
    ]),
  )
    .argument('[addresses...]', 'virtual addresses as host:port (default: all)')
    .action((addresses: readonly string[], options: ConnectorOptions) =>
      ConnectorClient.use(terminal, options, async (client) => {
        const body = addresses.length === 0 ? {} : { mappings: addresses }
        const found = await client.json<readonly Checked[]>({
          ...{ step: 'check the internal systems', method: 'POST', path: '/availability', body },
        })
        if (options.json) terminal.print(JSON.stringify(found))
        else for (const one of found) terminal.print(finding(one))
        if (found.some(({ state }) => state !== 'REACHABLE')) group.exitWith(1)
      }),
    )
}

function finding({ virtualHost, virtualPort, localHost, localPort, state, details }: Checked): string {
  const head = `${virtualHost}:${virtualPort} -> ${localHost}:${localPort}  ${state.toLowerCase()}`
  return [head, ...details.map(({ level, text }) => `  ${level}: ${text}`)].join('\n')
}
