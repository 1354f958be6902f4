import { resolve } from 'node:path'
import { Argument, Option } from 'commander'
import { addCommand, type CommandContext } from '../../command-spec.ts'
import { writeFileWhole } from '../../state/write-file.ts'
import { DestinationClient, type DestinationOptions, jsonOf } from './destination-client.ts'
import { destinationOptions, report } from './options.ts'

interface TrustOptions extends DestinationOptions {
  readonly passive?: boolean
  readonly out?: string
}

type Action = 'show' | 'metadata' | 'renew' | 'rotate'

/** `landbridge destination trust ACTION`: the key pair with which the subaccount signs assertions (guide L10583-10664). */
export function addTrustCommand(group: CommandContext): void {
  const { terminal } = group
  destinationOptions(
    addCommand(group, 'trust', 'download or renew the certificate with which the subaccount signs assertions', [
      ['landbridge destination trust show --out trust.pem', 'download the certificate'],
      ['landbridge destination trust metadata --out idp.xml', 'download the SAML metadata'],
      ['landbridge destination trust renew --passive', 'prepare the next key pair, while the old one still signs'],
      ['landbridge destination trust rotate', 'from now on the prepared one signs'],
      ['landbridge destination trust renew', 'make a new key pair, which signs at once: every partner must learn it'],
    ]),
  )
    .addArgument(new Argument('<action>', 'what to do').choices(['show', 'metadata', 'renew', 'rotate']))
    .addOption(new Option('--passive', 'the pair that does not sign yet'))
    .addOption(new Option('--out <file>', 'file to write the certificate or metadata to'))
    .action((action: Action, options: TrustOptions) =>
      DestinationClient.use(terminal, options, async (client) => {
        const text = await act(client, action, options.passive === true)
        if (options.out === undefined) return report(terminal, options, { text }, text.trimEnd())
        const file = resolve(terminal.workingDirectory, options.out)
        writeFileWhole(file, text)
        return report(terminal, options, { file }, `Wrote ${file}.`)
      }),
    )
}

/** @returns what there is to download after the action: a certificate in PEM form, or metadata */
async function act(client: DestinationClient, action: Action, passive: boolean): Promise<string> {
  const path = passive ? '/certificate/passive' : '/certificate'
  if (action === 'metadata') {
    const answer = await client.trust({ step: 'read the metadata', path: '' })
    return Buffer.from(jsonOf<{ idpMetadata: string }>(answer).idpMetadata, 'base64').toString('utf8')
  }
  if (action === 'rotate')
    await client.trust({ step: 'rotate the key pairs', method: 'POST', path: '/rotateCertificate' })
  const renewing = action === 'renew'
  const answer = await client.trust({
    step: `${renewing ? 'renew' : 'read'} the certificate`,
    method: renewing ? 'POST' : 'GET',
    path,
  })
  return jsonOf<{ certificate: string }>(answer).certificate
}
