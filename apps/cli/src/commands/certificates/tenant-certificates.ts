import { resolve } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { Option } from 'commander'
import { addCommand, type CommandContext, wholeNumber } from '../../command-spec.ts'
import { subaccountOptions, withClient } from '../../operator/with-subaccount.ts'
import { writeFileWhole } from '../../state/write-file.ts'

interface TenantOptions {
  readonly data: string
  readonly subaccount?: string
  readonly algorithm?: string
  readonly days?: number
  readonly out: string
  readonly json?: boolean
}

interface ShownTenantCertificate {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly notAfter: string
  readonly fingerprint: string
}

/** `landbridge certificates create`, `export` and `retire`: the client certificates of subaccounts. */
export function addTenantCertificateCommands(group: CommandContext): void {
  const { terminal } = group
  subaccountOptions(
    addCommand(group, 'create', 'make a client certificate that the platform renews', [
      ['landbridge certificates create erp --subaccount demo', 'with the algorithm and lifetime of the configuration'],
    ]),
  )
    .argument('<name>', 'name of the certificate, which its successors keep')
    .addOption(new Option('--algorithm <kind>', 'kind of key').choices(['EC-P256', 'RSA-2048', 'RSA-3072', 'RSA-4096']))
    .addOption(new Option('--days <days>', 'validity').argParser(wholeNumber))
    .action(async (name: string, options: TenantOptions) => {
      const { algorithm, days } = options
      const body = {
        name,
        ...(algorithm === undefined ? {} : { keyAlgorithm: algorithm }),
        ...(days === undefined ? {} : { lifetimeDays: days }),
      }
      const made = (await call(options, 'POST', '', body)) as ShownTenantCertificate
      const text = `Created client certificate ${name} (${made.id}), valid until ${made.notAfter.slice(0, 10)}.`
      terminal.print(options.json ? JSON.stringify(made) : text)
    })
  subaccountOptions(
    addCommand(group, 'export', 'write the key pair of a client certificate as PKCS#12', [
      [
        'LANDBRIDGE_P12_PASSWORD=… landbridge certificates export <id> --out erp.p12',
        'a replaced one works until it ends',
      ],
    ]),
  )
    .argument('<id>', 'ID of the client certificate')
    .requiredOption('--out <file>', 'where to write it')
    .action(async (id: string, options: TenantOptions) => {
      // Not an option: the list of processes shows those to everybody.
      const password = terminal.environment[passwordVariable] ?? ''
      if (password === '')
        throw new PlatformError('CLI_CHOICE_NEEDED', {
          option: passwordVariable,
          choices: ['a password for the file, in this environment variable'],
        })
      const { pkcs12 } = (await call(options, 'POST', `/${encodeURIComponent(id)}/export`, { password })) as {
        readonly pkcs12: string
      }
      const file = resolve(terminal.workingDirectory, options.out)
      writeFileWhole(file, Buffer.from(pkcs12, 'base64'))
      terminal.print(options.json ? JSON.stringify({ file }) : `Wrote ${file}.`)
    })
  subaccountOptions(
    addCommand(group, 'retire', 'put a client certificate out of use and destroy its key', [
      ['landbridge certificates retire <id>', 'ends the overlap of a replaced one at once'],
    ]),
  )
    .argument('<id>', 'ID of the client certificate')
    .action(async (id: string, options: TenantOptions) => {
      const retired = await call(options, 'POST', `/${encodeURIComponent(id)}/retire`)
      terminal.print(options.json ? JSON.stringify(retired) : `Retired client certificate ${id}.`)
    })
}

const passwordVariable = 'LANDBRIDGE_P12_PASSWORD'

function call({ data, subaccount }: TenantOptions, method: 'POST', path: string, body?: object): Promise<unknown> {
  return withClient(data, async (client) => {
    const { id } = await client.subaccount(subaccount)
    const step = 'administrate client certificates'
    return client.operator({ step, method, path: `/subaccounts/${id}/clientCertificates${path}`, body })
  })
}
