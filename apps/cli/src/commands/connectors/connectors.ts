import { Option } from 'commander'
import { addCommand, addGroup, type CommandContext, dataOption } from '../../command-spec.ts'
import type { OperatorClient, Subaccount } from '../../operator/operator-client.ts'
import {
  type SubaccountOptions,
  subaccountOptions,
  withClient,
  withSubaccount,
} from '../../operator/with-subaccount.ts'
import { table } from '../../output/table.ts'

/** As the operator API shows one that is connected. */
interface ShownConnector {
  readonly connectorId: string
  readonly subaccountId: string
  readonly locationId: string
  readonly version: string
  readonly description: string
  readonly remoteAddress: string
  readonly loadSharing: boolean
  readonly connectedSince: string
}

interface ShownCertificate {
  readonly connectorId: string
  readonly locationId: string
  readonly fingerprint: string
  readonly issuedAt: string
  readonly notAfter: string
  readonly revoked: { readonly at: string; readonly reason: string } | null
}

interface RevokeOptions extends SubaccountOptions {
  readonly reason: string
}

/** `landbridge connectors ACTION`: the Cloud Connectors of a platform, as its operator sees them. */
export function addConnectorsCommands(context: CommandContext): void {
  const group = addGroup(context, 'connectors', 'connected Cloud Connectors: list them, revoke their certificates', [
    ['landbridge connectors list', 'who is connected, with version and location, since when'],
    ['landbridge connectors certificates --subaccount plant', 'those that are away too'],
    ['landbridge connectors revoke 6f0e3c1a-97b1-4a5e-9d0b-0a6c5b0f7d11 --reason "stolen laptop"', 'ends its tunnels'],
  ])
  addList(group)
  addCertificates(group)
  addRevoke(group)
}

function addList(group: CommandContext): void {
  addCommand(group, 'list', 'list connected Cloud Connectors', [['landbridge connectors list', 'of all subaccounts']])
    .addOption(dataOption())
    .addOption(everySubaccount('only connectors of this subaccount'))
    .action(({ data, subaccount, json }: SubaccountOptions) =>
      withClient(data, async (client) => {
        const only = subaccount === undefined ? undefined : (await client.subaccount(subaccount)).id
        const path = only === undefined ? '/connectors' : `/subaccounts/${only}/connectors`
        const found = (await client.operator({ step: 'list connectors', path })) as readonly ShownConnector[]
        if (json) return group.terminal.print(JSON.stringify(found))
        if (found.length === 0) return group.terminal.print('No Cloud Connector is connected.')
        const names = await subdomains(client)
        const rows = found.map((one) => [
          names.get(one.subaccountId) ?? one.subaccountId,
          location(one.locationId, one.loadSharing),
          one.connectorId,
          one.version,
          one.connectedSince,
          one.remoteAddress,
          one.description,
        ])
        const head = ['SUBACCOUNT', 'LOCATION', 'CONNECTOR', 'VERSION', 'SINCE', 'FROM', 'DESCRIPTION']
        group.terminal.print(table([head, ...rows], ''))
      }),
    )
}

function addCertificates(group: CommandContext): void {
  subaccountOptions(
    addCommand(group, 'certificates', 'list the certificates of the Cloud Connectors of a subaccount', [
      ['landbridge connectors certificates', 'of the demo'],
    ]),
  ).action((options: SubaccountOptions) =>
    withSubaccount(options, async (client, { id }) => {
      const path = `/subaccounts/${id}/connectorCertificates`
      const found = (await client.operator({ step: 'list certificates', path })) as readonly ShownCertificate[]
      if (options.json) return group.terminal.print(JSON.stringify(found))
      const rows = found.map(({ connectorId, locationId, issuedAt, notAfter, revoked }) => [
        location(locationId),
        connectorId,
        issuedAt,
        notAfter,
        revoked === null ? '-' : `${revoked.at} (${revoked.reason})`,
      ])
      group.terminal.print(table([['LOCATION', 'CONNECTOR', 'ISSUED', 'ENDS', 'REVOKED'], ...rows], ''))
    }),
  )
}

function addRevoke(group: CommandContext): void {
  addCommand(group, 'revoke', 'revoke the certificates of a Cloud Connector: its tunnels end at once', [
    ['landbridge connectors revoke 6f0e3c1a-97b1-4a5e-9d0b-0a6c5b0f7d11 --reason "stolen laptop"', 'for good'],
  ])
    .argument('<connector>', 'ID of the connector, as the list shows it')
    .requiredOption('--reason <text>', 'why: it is kept with the certificate')
    .addOption(dataOption())
    .addOption(everySubaccount('only its certificate for this subaccount'))
    .action((connector: string, { data, subaccount, reason, json }: RevokeOptions) =>
      withClient(data, async (client) => {
        const only = subaccount === undefined ? {} : { subaccountId: (await client.subaccount(subaccount)).id }
        const { revoked } = (await client.operator({
          step: 'revoke',
          method: 'POST',
          path: `/connectors/${encodeURIComponent(connector)}/revoke`,
          body: { reason, ...only },
        })) as { readonly revoked: readonly unknown[] }
        if (json) return group.terminal.print(JSON.stringify({ connector, revoked }))
        group.terminal.print(`Revoked ${revoked.length} certificate${revoked.length === 1 ? '' : 's'} of ${connector}.`)
        group.terminal.print('To let it in again: "landbridge certificates refresh-connector" on its machine.')
      }),
    )
}

function everySubaccount(meaning: string): Option {
  return new Option('--subaccount <id>', `${meaning} (ID or subdomain; default: all)`)
}

function location(id: string, isShared = false): string {
  return `${id === '' ? '(default)' : id}${isShared ? ', shared' : ''}`
}

async function subdomains(client: OperatorClient): Promise<ReadonlyMap<string, string>> {
  const all = (await client.operator({ step: 'list subaccounts', path: '/subaccounts' })) as readonly Subaccount[]
  return new Map(all.map(({ id, subdomain }) => [id, subdomain]))
}
