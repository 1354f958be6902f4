import { type Command, Option } from 'commander'
import { addCommand, addGroup, type CommandContext, dataOption } from '../../command-spec.ts'
import { withClient } from '../../operator/with-subaccount.ts'
import { table } from '../../output/table.ts'

interface ListOptions {
  readonly data: string
  readonly subaccount?: string
  readonly state?: string
  readonly json?: boolean
}

interface ShownNotification {
  readonly id: string
  readonly userName: string
  readonly subject: string
  readonly state: string
  readonly createdAt: string
  readonly text?: string
}

interface ShownDelivery {
  readonly id: string
  readonly channel: string
  readonly recipient: string
  readonly state: string
  readonly attempts: number
  readonly problem?: string
}

/** `landbridge notifications ACTION`: tasks about certificates, and what became of mails and alerts. */
export function addNotificationCommands(context: CommandContext): void {
  const group = addGroup(context, 'notifications', 'tasks about certificates, mails and alerts', [
    ['landbridge notifications list --state open', 'what key users were told and nobody has dealt with'],
    ['landbridge notifications deliveries --state failed', 'mails and alerts that did not arrive'],
  ])
  const { terminal } = group
  listing(addCommand(group, 'list', 'list tasks, the latest first', [['landbridge notifications list', 'all']]), [
    'open',
    'done',
  ]).action(async (options: ListOptions) => {
    const found = (await ask(options, '/notifications')) as readonly ShownNotification[]
    const rows = found.map((one) => [one.id, one.state, one.createdAt.slice(0, 10), one.userName, one.subject])
    terminal.print(
      options.json ? JSON.stringify(found) : table([['ID', 'STATE', 'DAY', 'USER', 'SUBJECT'], ...rows], ''),
    )
  })
  listing(
    addCommand(group, 'deliveries', 'list mails and alerts', [
      ['landbridge notifications deliveries --state pending', 'what waits for a mail server that is down'],
    ]),
    ['pending', 'sent', 'failed'],
  ).action(async (options: ListOptions) => {
    const found = (await ask(options, '/notifications/deliveries')) as readonly ShownDelivery[]
    const rows = found.map((one) => [
      one.id,
      one.state,
      String(one.attempts),
      one.channel,
      one.recipient,
      one.problem ?? '-',
    ])
    const heading = ['ID', 'STATE', 'TRIED', 'CHANNEL', 'RECIPIENT', 'PROBLEM']
    terminal.print(options.json ? JSON.stringify(found) : table([heading, ...rows], ''))
  })
  addCommand(group, 'show', 'show a task with its text', [['landbridge notifications show 1f0c…', 'one task']])
    .addOption(dataOption())
    .argument('<id>', 'ID of the task')
    .action(async (id: string, options: ListOptions) => {
      const found = (await call(options.data, `/notifications/${encodeURIComponent(id)}`)) as ShownNotification
      terminal.print(options.json ? JSON.stringify(found) : `${found.subject}\n\n${found.text ?? ''}`.trimEnd())
    })
  addCommand(group, 'retry', 'deliver again what failed', [['landbridge notifications retry 1f0c…', 'one delivery']])
    .addOption(dataOption())
    .argument('<id>', 'ID of the delivery')
    .action(async (id: string, options: ListOptions) => {
      const path = `/notifications/deliveries/${encodeURIComponent(id)}/retry`
      const found = await call(options.data, path, 'POST')
      terminal.print(options.json ? JSON.stringify(found) : 'It is tried again.')
    })
}

function listing(command: Command, states: readonly string[]): Command {
  return command
    .addOption(dataOption())
    .addOption(new Option('--subaccount <id>', 'only those of this subaccount (ID or subdomain)'))
    .addOption(new Option('--state <state>', 'only those in this state').choices(states))
}

function ask({ data, subaccount, state }: ListOptions, path: string): Promise<unknown> {
  return withClient(data, async (client) => {
    const query = new URLSearchParams({
      ...(subaccount === undefined ? {} : { subaccount: (await client.subaccount(subaccount)).id }),
      ...(state === undefined ? {} : { state }),
    })
    return client.operator({ step: 'notifications', path: `${path}?${query}` })
  })
}

function call(data: string, path: string, method: 'GET' | 'POST' = 'GET'): Promise<unknown> {
  return withClient(data, (client) => client.operator({ step: 'notifications', path, method }))
}
