import { addCommand, addGroup, type CommandContext } from '../../command-spec.ts'
import { subaccountOptions, withSubaccount } from '../../operator/with-subaccount.ts'
import { table } from '../../output/table.ts'

interface SubscriptionOptions {
  readonly data: string
  readonly subaccount?: string
  readonly json?: boolean
}

/** Two callbacks of the application, each at its longest. */
const callbacksMs = 600_000

/** As the operator API shows one. */
interface ShownSubscription {
  readonly xsappname: string
  readonly state: string
  readonly url?: string
  readonly failure?: { readonly callback: string; readonly status?: number; readonly reason: string }
}

/** `landbridge subscription ACTION`: which applications of other subaccounts a subaccount uses. */
export function addSubscriptionCommands(context: CommandContext): void {
  const group = addGroup(context, 'subscription', 'subscribe subaccounts to applications of others', [
    ['landbridge subscription create shop!t7 --subaccount customer', 'subscribe, or repeat what failed'],
    ['landbridge subscription list --subaccount customer', 'applications with their address'],
    ['landbridge subscription delete shop!t7 --subaccount customer', 'leave the application'],
  ])
  const { terminal } = group
  subaccountOptions(
    addCommand(group, 'create', 'subscribe a subaccount to an application', [
      ['landbridge subscription create shop!t7 --subaccount customer', 'the application is told, if it wants to be'],
    ]),
  )
    .argument('<xsappname>', 'the application, as the bindings of its xsuaa instance show it')
    .action((xsappname: string, options: SubscriptionOptions) =>
      withSubaccount(options, async (client, subaccount) => {
        const made = (await client.operator({
          step: 'subscribe',
          method: 'POST',
          path: `/subaccounts/${subaccount.id}/subscriptions`,
          body: { xsappname },
          timeoutMs: callbacksMs,
        })) as ShownSubscription
        const where = made.url === undefined ? '' : ` Its address: ${made.url}`
        terminal.print(
          options.json ? JSON.stringify(made) : `Subscribed ${subaccount.subdomain} to ${xsappname}.${where}`,
        )
      }),
    )
  subaccountOptions(
    addCommand(group, 'delete', 'leave an application', [
      ['landbridge subscription delete shop!t7 --subaccount customer', 'the application must agree'],
    ]),
  )
    .argument('<xsappname>', 'the application')
    .action((xsappname: string, options: SubscriptionOptions) =>
      withSubaccount(options, async (client, subaccount) => {
        const path = `/subaccounts/${subaccount.id}/subscriptions/${encodeURIComponent(xsappname)}`
        await client.operator({ step: 'unsubscribe', method: 'DELETE', path, timeoutMs: callbacksMs })
        const words = `${subaccount.subdomain} is no longer subscribed to ${xsappname}.`
        terminal.print(options.json ? JSON.stringify({ xsappname }) : words)
      }),
    )
  subaccountOptions(
    addCommand(group, 'list', 'list what a subaccount is subscribed to', [
      ['landbridge subscription list --subaccount customer', 'with the reason where something failed'],
    ]),
  ).action((options: SubscriptionOptions) =>
    withSubaccount(options, async (client, subaccount) => {
      const subscriptions = (await client.operator({
        step: 'list subscriptions',
        path: `/subaccounts/${subaccount.id}/subscriptions`,
      })) as readonly ShownSubscription[]
      if (options.json) {
        terminal.print(JSON.stringify({ subaccount, subscriptions }))
        return
      }
      const rows = subscriptions.map((one) => [one.xsappname, one.state, one.url ?? '-', words(one.failure)])
      terminal.print(table([['APPLICATION', 'STATE', 'ADDRESS', 'FAILURE'], ...rows], ''))
    }),
  )
}

function words(failure: ShownSubscription['failure']): string {
  if (failure === undefined) return '-'
  const { callback, status, reason } = failure
  return status === undefined ? `${callback}: ${reason}` : `${callback}: ${status}, ${reason}`
}
