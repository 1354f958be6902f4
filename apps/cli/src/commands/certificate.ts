import { Option } from 'commander'
import { addCommand, type CommandContext, collect } from '../command-spec.ts'
import type { CertificateOptions } from '../run/run-certificate.ts'

/** `landbridge certificate`: a server certificate of the platform's authority, for a tunnel server. */
export function addCertificateCommand(context: CommandContext): void {
  addCommand(context, 'certificate', "issue a server certificate with the platform's certificate authority", [
    [
      'landbridge certificate --data /var/lib/landbridge --name proxy-1.example --out proxy-1',
      'writes proxy-1.crt and proxy-1.key',
    ],
  ])
    .addOption(new Option('--data <dir>', 'data directory of `landbridge cloud` or `up`').default('.landbridge'))
    .requiredOption('--name <host>', 'DNS name or IP address of the server; repeatable', collect, [])
    .requiredOption('--out <prefix>', 'where to write <prefix>.crt and <prefix>.key')
    .addOption(new Option('--days <days>', 'validity').default('365'))
    .action(async (options: CertificateOptions) => {
      // Loaded only here: X.509 weighs more than all other commands together.
      const { runCertificate } = await import('../run/run-certificate.ts')
      await runCertificate(context.terminal, options)
    })
}
