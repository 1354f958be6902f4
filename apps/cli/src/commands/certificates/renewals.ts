import { Option } from 'commander'
import { addCommand, type CommandContext, dataOption } from '../../command-spec.ts'
import { withClient } from '../../operator/with-subaccount.ts'
import { table } from '../../output/table.ts'

interface RenewOptions {
  readonly data: string
  readonly date?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

interface ShownOutcome {
  readonly kind: string
  readonly name: string
  readonly subaccountId: string
  readonly fingerprint: string
  readonly notAfter: string
  readonly action: string
  readonly successor?: string
  readonly reason?: string
}

interface ShownRun {
  readonly id: string
  readonly at: string
  readonly state: string
  readonly startedAt: string
  readonly finishedAt?: string
  readonly outcome?: readonly ShownOutcome[]
}

/** A run renews many key pairs. */
const runTimeoutMs = 600_000

const words: Readonly<Record<string, string>> = {
  renew: 'renew',
  announce: 'announce: ends soon',
  'report-expired': 'report: has ended',
  'due-elsewhere': 'renewed by its own schedule',
  late: 'report: should have been renewed',
  failed: 'failed',
}

/** `landbridge certificates renew` and `runs`. */
export function addRenewalCommands(group: CommandContext): void {
  const { terminal } = group
  addCommand(group, 'renew', 'run the renewal now, or show what it would do', [
    ['landbridge certificates renew --dry-run', 'what a run now would do'],
    ['landbridge certificates renew --date 2027-02-01', 'run now with the windows of that day'],
  ])
    .addOption(dataOption())
    .addOption(new Option('--dry-run', 'change nothing'))
    .addOption(new Option('--date <date>', 'the run works as if it were this day (UTC)'))
    .action(async ({ data, date, dryRun = false, json }: RenewOptions) => {
      const run = (await withClient(data, (client) =>
        client.operator({
          step: 'renew certificates',
          method: 'POST',
          path: '/certificates/renewals',
          body: { dryRun, ...(date === undefined ? {} : { date }) },
          timeoutMs: runTimeoutMs,
        }),
      )) as Pick<ShownRun, 'at'> & { readonly outcome: readonly ShownOutcome[] }
      if (json) return terminal.print(JSON.stringify(run))
      const day = run.at.slice(0, 10)
      const head = dryRun ? `A run on ${day} would do this; nothing was changed.` : `Run with the date ${day}.`
      terminal.print(`${head}\n${outcomes(run.outcome)}`)
    })
  addCommand(group, 'runs', 'list the renewal runs, or show one', [
    ['landbridge certificates runs', 'the latest first, and when the next one is'],
    ['landbridge certificates runs monthly:2027-02', 'what became of each certificate'],
  ])
    .argument('[id]', 'ID of a run')
    .addOption(dataOption())
    .action(async (id: string | undefined, { data, json }: RenewOptions) => {
      const path = `/certificates/renewals${id === undefined ? '' : `/${encodeURIComponent(id)}`}`
      const found = await withClient(data, (client) => client.operator({ step: 'list renewal runs', path }))
      if (json) terminal.print(JSON.stringify(found))
      else terminal.print(id === undefined ? list(found as RunList) : outcomes((found as ShownRun).outcome ?? []))
    })
}

interface RunList {
  readonly nextRun: string
  readonly runs: readonly ShownRun[]
}

function list({ nextRun, runs }: RunList): string {
  const rows = runs.map(({ id, at, state, startedAt, finishedAt = '-' }) => [id, at, state, startedAt, finishedAt])
  const past =
    rows.length === 0 ? 'No runs yet.' : table([['RUN', 'DATE', 'STATE', 'STARTED', 'FINISHED'], ...rows], '')
  return `${past}\nNext scheduled run: ${nextRun}`
}

function outcomes(all: readonly ShownOutcome[]): string {
  if (all.length === 0) return 'Nothing to do.'
  const rows = all.map(({ action, kind, name, subaccountId, notAfter, fingerprint, successor, reason }) => [
    words[action] ?? action,
    notAfter.slice(0, 10),
    kind,
    name,
    subaccountId || '-',
    fingerprint.slice(0, 16),
    reason ?? successor?.slice(0, 16) ?? '-',
  ])
  return table([['ACTION', 'ENDS', 'KIND', 'NAME', 'SUBACCOUNT', 'FINGERPRINT', 'SUCCESSOR'], ...rows], '')
}
