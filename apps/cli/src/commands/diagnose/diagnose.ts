import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { PlatformError, shellCommand } from '@landbridge/kernel'
import { type Command, Option } from 'commander'
import { addCommand, addGroup, type CommandContext } from '../../command-spec.ts'
import { subaccountOptions, withSubaccount } from '../../operator/with-subaccount.ts'
import { fileText } from '../destination/secrets.ts'

interface DiagnoseOptions {
  readonly data: string
  readonly subaccount?: string
  readonly url?: string
  readonly user?: string
  readonly passwordFile?: string
  readonly receiverFingerprint?: string
  readonly out?: string
  readonly json?: boolean
}

/** As the operator API shows one. */
interface ShownDiagnosis {
  readonly cause: string
  readonly verdict: string
  readonly evidence: readonly string[]
  readonly remedy: string
  readonly commands?: readonly (readonly string[])[]
  readonly senderCertificate?: string
}

/** `landbridge diagnose certificate|destination NAME`: why a certificate is refused, found by really presenting it. */
export function addDiagnoseCommands(context: CommandContext): void {
  const group = addGroup(context, 'diagnose', 'say why a certificate is refused, and what to do', [
    ['landbridge diagnose destination erp', 'the key store of a destination, at its URL or token service'],
    ['landbridge diagnose certificate erp --url https://receiver.example/api', 'a client certificate of the tenant'],
    ['landbridge diagnose certificate 3f9a5c1e --user me@example.com --password-file pw', 'refreshing a connector'],
  ])
  common(
    addCommand(group, 'destination', 'diagnose the client certificate of a destination', [
      ['landbridge diagnose destination erp --subaccount customer', 'exit status 1 when something is wrong'],
    ]),
  )
    .argument('<name>', 'name of the destination')
    .addOption(new Option('--user <name>', 'communication user that the certificate is to stand for at the receiver'))
    .action((name: string, options: DiagnoseOptions) =>
      run(group, options, async () => ({
        kind: 'destination',
        name,
        ...(options.user === undefined ? {} : { user: options.user }),
      })),
    )
  common(
    addCommand(group, 'certificate', 'diagnose a client certificate of a tenant, or the one of a connector', [
      ['landbridge diagnose certificate erp --url https://receiver.example/api --user _ERP', 'at its receiver'],
    ]),
  )
    .argument('<name>', 'name or beginning of the fingerprint')
    .addOption(new Option('--url <url>', 'where the certificate is presented'))
    .addOption(new Option('--user <name>', 'who the sender says to be; for a connector, who refreshes the certificate'))
    .addOption(new Option('--password-file <file>', 'for a connector: file with the password of that user'))
    .action((name: string, options: DiagnoseOptions) => run(group, options, () => question(group, name, options)))
}

async function question({ terminal }: CommandContext, name: string, options: DiagnoseOptions): Promise<object> {
  const { url, user, passwordFile } = options
  if (passwordFile !== undefined && user !== undefined)
    return { kind: 'refresh', name, user, password: fileText(resolve(terminal.workingDirectory, passwordFile)) }
  if (url === undefined)
    throw new PlatformError('CLI_CHOICE_NEEDED', { option: '--url', choices: ['the https URL of the receiver'] })
  return { kind: 'certificate', name, url, ...(user === undefined ? {} : { user }) }
}

async function run(
  { terminal, exitWith }: CommandContext,
  options: DiagnoseOptions,
  ask: () => Promise<object>,
): Promise<void> {
  await withSubaccount(options, async (client, { id: subaccount }) => {
    const { receiverFingerprint } = options
    const told = receiverFingerprint === undefined ? {} : { receiverFingerprint }
    const body = { ...(await ask()), ...told, subaccount }
    const step = 'diagnose'
    const found = (await client.operator({ step, method: 'POST', path: '/diagnoses', body })) as ShownDiagnosis
    if (options.out !== undefined && found.senderCertificate !== undefined)
      writeFileSync(resolve(terminal.workingDirectory, options.out), found.senderCertificate)
    terminal.print(options.json ? JSON.stringify(found) : words(found))
    if (found.cause !== 'none') exitWith(1)
  })
}

function words({ cause, verdict, evidence, remedy, commands = [] }: ShownDiagnosis): string {
  const typed = commands.map((command) => `  ${shellCommand(command)}`)
  return [
    `Verdict: ${verdict} [${cause}]`,
    'Evidence:',
    ...evidence.map((line) => `  ${line}`),
    `Remedy: ${remedy}`,
    ...typed,
  ].join('\n')
}

function common(command: Command): Command {
  return subaccountOptions(command)
    .addOption(new Option('--receiver-fingerprint <sha256>', 'of the certificate that a foreign receiver holds'))
    .addOption(new Option('--out <file>', 'write the certificate that the sender presents to this file (sender.pem)'))
}
