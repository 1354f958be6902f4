import { Option } from 'commander'
import { addCommand, addGroup, type CommandContext, dataOption } from '../../command-spec.ts'
import type { OperatorClient } from '../../operator/operator-client.ts'
import { withClient } from '../../operator/with-subaccount.ts'
import { table } from '../../output/table.ts'
import { addCommunicationUserCommands, addMappingCommands } from './mapping-commands.ts'
import { addRefreshCommand } from './refresh-command.ts'
import { addRenewalCommands } from './renewals.ts'
import { addTenantCertificateCommands } from './tenant-certificates.ts'

interface ListOptions {
  readonly data: string
  readonly subaccount?: string
  readonly kind?: string
  readonly state: string
  readonly within?: string
  readonly json?: boolean
}

/** As the operator API shows one. */
export interface ShownCertificate {
  readonly kind: string
  readonly name: string
  readonly owner: { readonly subaccountId: string; readonly connectorId?: string; readonly user?: string }
  readonly fingerprint: string
  readonly subject: string
  readonly issuer: string
  readonly notBefore: string
  readonly notAfter: string
  readonly renewedBy: string
  readonly state: string
  readonly predecessor?: string
  readonly successor?: string
  readonly chain?: readonly string[]
}

/** `landbridge certificates ACTION`: every certificate of the system, and the runs that renew them. */
export function addCertificatesCommands(context: CommandContext): void {
  const group = addGroup(context, 'certificates', 'list and renew the certificates of the system', [
    ['landbridge certificates list --within 90', 'what ends in the next 90 days'],
    ['landbridge certificates show 3f9a5c1e', 'one certificate, by the beginning of its fingerprint'],
    ['landbridge certificates renew --dry-run --date 2027-02-01', 'what the run of that day would do'],
  ])
  const { terminal } = group
  addCommand(group, 'list', 'list certificates, what ends soonest first', [
    ['landbridge certificates list --subaccount demo --kind tunnel', 'of one subaccount and one kind'],
  ])
    .addOption(dataOption())
    .addOption(new Option('--subaccount <id>', 'only those of this subaccount (ID or subdomain)'))
    .addOption(new Option('--kind <kind>', 'only one kind, for example tunnel, tenant-client, destination, binding'))
    .addOption(
      new Option('--state <state>', 'only those in this state')
        .choices(['active', 'replaced', 'retired', 'revoked', 'all'])
        .default('active'),
    )
    .addOption(new Option('--within <days>', 'only what ends in so many days'))
    .action(async (options: ListOptions) => {
      const { certificates, unavailable } = await withClient(options.data, (client) => ask(client, options))
      if (options.json) terminal.print(JSON.stringify({ certificates, unavailable }))
      else if (certificates.length === 0) terminal.print('No certificates.')
      else terminal.print(table([heading, ...certificates.map(row)], ''))
      for (const part of unavailable) terminal.note(`Incomplete: the certificates of "${part}" cannot be read now.`)
    })
  addCommand(group, 'show', 'show a certificate with its chain and what replaced it', [
    ['landbridge certificates show 3f9a5c1e --json', 'for programs, with the chain in PEM'],
  ])
    .argument('<fingerprint>', 'SHA-256 fingerprint, or its first eight digits or more')
    .addOption(dataOption())
    .action(async (fingerprint: string, { data, json }: ListOptions) => {
      const path = `/certificates/${encodeURIComponent(fingerprint)}`
      const { certificates } = await withClient(
        data,
        async (client) =>
          (await client.operator({ step: 'show certificate', path })) as {
            readonly certificates: readonly ShownCertificate[]
          },
      )
      terminal.print(json ? JSON.stringify({ certificates }) : certificates.map(details).join('\n\n'))
    })
  addRenewalCommands(group)
  addMappingCommands(group)
  addCommunicationUserCommands(group)
  addRefreshCommand(group)
  addTenantCertificateCommands(group)
}

const heading = ['ENDS', 'KIND', 'NAME', 'SUBACCOUNT', 'RENEWED BY', 'STATE', 'FINGERPRINT']

function row({ notAfter, kind, name, owner, renewedBy, state, fingerprint }: ShownCertificate): readonly string[] {
  const subaccount = owner.subaccountId === '' ? '-' : owner.subaccountId
  return [notAfter.slice(0, 10), kind, name, subaccount, renewedBy, state, fingerprint.slice(0, 16)]
}

function details(certificate: ShownCertificate): string {
  const { owner, chain = [] } = certificate
  return table(
    [
      ['Kind', certificate.kind],
      ['Name', certificate.name],
      ['Subaccount', owner.subaccountId || '-'],
      ['Subject', certificate.subject],
      ['Issuer', certificate.issuer],
      ['Valid', `${certificate.notBefore} to ${certificate.notAfter}`],
      ['Renewed by', certificate.renewedBy],
      ['State', certificate.state],
      ['Fingerprint', certificate.fingerprint],
      ['Predecessor', certificate.predecessor ?? '-'],
      ['Successor', certificate.successor ?? '-'],
      ['Chain', `${chain.length} certificates`],
    ],
    '',
  )
}

async function ask(client: OperatorClient, { subaccount, kind, state, within }: ListOptions) {
  const query = new URLSearchParams()
  if (subaccount !== undefined) query.set('subaccountId', (await client.subaccount(subaccount)).id)
  if (kind !== undefined) query.set('kind', kind)
  if (state !== 'all') query.set('state', state)
  if (within !== undefined) query.set('withinDays', within)
  return (await client.operator({ step: 'list certificates', path: `/certificates?${query}` })) as {
    readonly certificates: readonly ShownCertificate[]
    readonly unavailable: readonly string[]
  }
}
