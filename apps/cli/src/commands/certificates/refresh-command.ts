import { resolve } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { Option } from 'commander'
import { request } from 'undici'
import { addCommand, type CommandContext, dataOption } from '../../command-spec.ts'
import { createAgent } from '../../http/agent.ts'
import { connectionFailure } from '../../http/failure.ts'
import { refusal } from '../../http/refusal.ts'
import { readState } from '../../state/state-file.ts'
import { fileText } from '../destination/secrets.ts'

interface RefreshOptions {
  readonly data: string
  readonly region: string
  readonly subaccount: string
  readonly user?: string
  readonly passwordFile?: string
  readonly authenticationDataFile?: string
  readonly administrator: string
  readonly administratorPasswordFile: string
  readonly json?: boolean
}

interface Refreshed {
  readonly tunnel: {
    readonly state: string
    readonly subaccountCertificate: { readonly serialNumber: string; readonly notAfterTimeStamp: number }
  }
}

/** `landbridge certificates refresh-connector`: a new subaccount certificate for a connector of this machine. */
export function addRefreshCommand(certificates: CommandContext): void {
  addCommand(certificates, 'refresh-connector', 'get a new subaccount certificate for a Cloud Connector', [
    [
      'landbridge certificates refresh-connector --data /var/lib/plant --region cf.eu10.example --subaccount 7f0c… --user me@example.com --password-file pw --administrator-password-file admin-pw',
      'also when the certificate has expired',
    ],
  ])
    .addOption(dataOption().default('.landbridge-connector'))
    .requiredOption('--region <host>', 'region host of the subaccount')
    .requiredOption('--subaccount <id>', 'ID of the subaccount')
    .addOption(new Option('--user <name>', 'cloud user who may manage Cloud Connectors in the subaccount'))
    .addOption(new Option('--password-file <file>', 'file with the password of that user'))
    .addOption(new Option('--authentication-data-file <file>', 'authentication data instead of user and password'))
    .addOption(new Option('--administrator <name>', 'administrator of the connector').default('Administrator'))
    .requiredOption('--administrator-password-file <file>', 'file with the password of the administrator')
    .action(async (options: RefreshOptions) => {
      const { terminal } = certificates
      const { tunnel } = await refresh(options, terminal.workingDirectory)
      const { serialNumber, notAfterTimeStamp } = tunnel.subaccountCertificate
      const until = new Date(notAfterTimeStamp).toISOString().slice(0, 10)
      const words = `The new certificate (serial number ${serialNumber}) is valid until ${until}. The tunnel is ${tunnel.state}.`
      terminal.print(options.json ? JSON.stringify(tunnel) : words)
    })
}

/** @throws PlatformError CLI_NOT_RUNNING, CLI_FILE_UNUSABLE, CLI_UNREACHABLE, CLI_STEP_REFUSED with what the connector answered */
async function refresh(options: RefreshOptions, workingDirectory: string): Promise<Refreshed> {
  const secret = (file: string) => fileText(resolve(workingDirectory, file))
  const { region, subaccount, user, passwordFile, authenticationDataFile, administrator } = options
  const body =
    authenticationDataFile === undefined
      ? { user: user ?? '', password: passwordFile === undefined ? '' : secret(passwordFile) }
      : { authenticationData: secret(authenticationDataFile).trim() }
  const state = readState(options.data)
  const connector = state.components.find(({ name }) => name === 'cloud-connector')
  if (connector === undefined) throw new PlatformError('CLI_NOT_RUNNING', { path: options.data })
  const step = 'refresh the subaccount certificate'
  const path = `subaccounts/${encodeURIComponent(region)}/${encodeURIComponent(subaccount)}/validity`
  const url = `${connector.url}/api/v1/configuration/${path}`
  const password = secret(options.administratorPasswordFile)
  const agent = createAgent({ ...state, caFiles: [state.caFile, ...state.componentCaFiles] })
  try {
    const answer = await request(url, {
      method: 'POST',
      dispatcher: agent,
      signal: AbortSignal.timeout(120_000),
      headers: {
        authorization: `Basic ${Buffer.from(`${administrator}:${password}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    }).catch((cause: unknown) => {
      throw new PlatformError('CLI_UNREACHABLE', { step, url, reason: connectionFailure(cause) }, { cause })
    })
    const text = await answer.body.text()
    if (answer.statusCode !== 200)
      throw new PlatformError('CLI_STEP_REFUSED', { step, url, status: answer.statusCode, answer: refusal(text) })
    return JSON.parse(text) as Refreshed
  } finally {
    await agent.destroy()
  }
}
