import { resolve } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { Option } from 'commander'
import { addCommand, addGroup, type CommandContext, collect } from '../../command-spec.ts'
import type { OperatorClient } from '../../operator/operator-client.ts'
import { type SubaccountOptions, subaccountOptions, withSubaccount } from '../../operator/with-subaccount.ts'
import { table } from '../../output/table.ts'
import { fileText } from '../destination/secrets.ts'

/** As the operator API shows one. */
interface ShownUser {
  readonly id: string
  readonly userName: string
  readonly roleCollections: readonly string[]
}

interface RoleOptions extends SubaccountOptions {
  readonly roleCollection: readonly string[]
}

interface CreateOptions extends SubaccountOptions {
  readonly passwordFile: string
  readonly roleCollection?: readonly string[]
}

/** `landbridge user ACTION`: people who log on to a subaccount, and what they may do there. */
export function addUserCommands(context: CommandContext): void {
  const group = addGroup(context, 'user', 'users of a subaccount and their role collections', [
    ['landbridge user list --subaccount customer', 'with the role collections that each one has'],
    [
      'landbridge user assign me@example.com --role-collection "Cloud Connector Administrator"',
      'may connect connectors and refresh their certificates',
    ],
  ])
  addList(group)
  addCreate(group)
  const words = { assign: 'give role collections to a user', unassign: 'take role collections from a user' }
  addRoleChange(group, 'assign', words.assign, (present, given) => [...new Set([...present, ...given])])
  addRoleChange(group, 'unassign', words.unassign, (present, given) => present.filter((one) => !given.includes(one)))
}

function addList(group: CommandContext): void {
  subaccountOptions(
    addCommand(group, 'list', 'list the users of a subaccount', [['landbridge user list', 'of the demo']]),
  ).action((options: SubaccountOptions) =>
    withSubaccount(options, async (client, { id }) => {
      const users = await listUsers(client, id)
      if (options.json) return group.terminal.print(JSON.stringify(users))
      const rows = users.map(({ userName, roleCollections }) => [userName, roleCollections.join(', ') || '-'])
      group.terminal.print(table([['USER', 'ROLE COLLECTIONS'], ...rows], ''))
    }),
  )
}

function addCreate(group: CommandContext): void {
  subaccountOptions(
    addCommand(group, 'create', 'create a user of a subaccount', [
      ['landbridge user create me@example.com --password-file pw', 'the password never stands in the command'],
    ]),
  )
    .argument('<name>', 'user name, usually the e-mail address')
    .addOption(roleCollections())
    .requiredOption('--password-file <file>', 'file with the password')
    .action((userName: string, options: CreateOptions) =>
      withSubaccount(options, async (client, { id }) => {
        const password = fileText(resolve(group.terminal.workingDirectory, options.passwordFile))
        const made = (await client.operator({
          step: 'create the user',
          method: 'POST',
          path: `/subaccounts/${id}/users`,
          body: { userName, password, roleCollections: options.roleCollection ?? [] },
        })) as ShownUser
        group.terminal.print(options.json ? JSON.stringify(made) : `Created the user ${made.userName}.`)
      }),
    )
}

function addRoleChange(
  group: CommandContext,
  name: 'assign' | 'unassign',
  summary: string,
  change: (present: readonly string[], given: readonly string[]) => readonly string[],
): void {
  const example = `landbridge user ${name} me@example.com --role-collection "Cloud Connector Administrator"`
  subaccountOptions(addCommand(group, name, summary, [[example, 'in effect with the next log-on']]))
    .argument('<name>', 'user name')
    .addOption(roleCollections().makeOptionMandatory())
    .action((userName: string, options: RoleOptions) =>
      withSubaccount(options, async (client, { id }) => {
        const user = await findUser(client, id, userName)
        const changed = (await client.operator({
          step: summary,
          method: 'PATCH',
          path: `/users/${encodeURIComponent(user.id)}`,
          body: { roleCollections: change(user.roleCollections, options.roleCollection) },
        })) as ShownUser
        const now = changed.roleCollections.join(', ') || 'no role collection'
        group.terminal.print(options.json ? JSON.stringify(changed) : `${changed.userName} now has: ${now}.`)
      }),
    )
}

/** @throws PlatformError CLI_NAME_UNKNOWN */
async function findUser(client: OperatorClient, subaccountId: string, userName: string): Promise<ShownUser> {
  const all = await listUsers(client, subaccountId)
  const user = all.find((one) => one.userName.toLowerCase() === userName.toLowerCase())
  if (user === undefined)
    throw new PlatformError('CLI_NAME_UNKNOWN', { kind: 'user', name: userName, known: all.map((one) => one.userName) })
  return user
}

function roleCollections(): Option {
  const collected = (name: string, previous: readonly string[] = []) => collect(name, previous)
  return new Option('--role-collection <name>', 'role collection; may be given several times').argParser(collected)
}

async function listUsers(client: OperatorClient, subaccountId: string): Promise<readonly ShownUser[]> {
  return (await client.operator({
    step: 'list users',
    path: `/subaccounts/${subaccountId}/users`,
  })) as readonly ShownUser[]
}
