import { isIP } from 'node:net'
import { InvalidArgumentError, Option } from 'commander'
import { addCommand, type CommandContext, collect } from '../command-spec.ts'
import { addConfigOptions } from '../config/config-options.ts'
import type { CertificateOptions } from '../run/run-certificate.ts'

/** `landbridge certificate`: a server certificate of the platform's authority, for a tunnel server. */
export function addCertificateCommand(context: CommandContext): void {
  const command = addCommand(
    context,
    'certificate',
    "issue a server certificate with the platform's certificate authority",
    [
      [
        'landbridge certificate --data /var/lib/landbridge --name proxy-1.example --out proxy-1',
        'writes proxy-1.crt and proxy-1.key',
      ],
    ],
  )
  addConfigOptions(command)
    .addOption(new Option('--data <dir>', 'data directory of `landbridge cloud` or `up` (default: ".landbridge")'))
    .requiredOption('--name <host>', 'DNS name or IP address of the server; repeatable', readName)
    .requiredOption('--out <prefix>', 'where to write <prefix>.crt and <prefix>.key')
    .addOption(new Option('--days <days>', 'validity').default('365'))
    .action(async (options: CertificateOptions) => {
      // Loaded only here: X.509 weighs more than all other commands together.
      const { runCertificate } = await import('../run/run-certificate.ts')
      await runCertificate(context.terminal, options)
    })
}

const hostName = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i

function readName(text: string, previous: readonly string[] = []): readonly string[] {
  if (isIP(text) === 0 && (text.length > 253 || !hostName.test(text)))
    throw new InvalidArgumentError('It is neither a DNS name nor an IP address.')
  return collect(text, previous)
}
