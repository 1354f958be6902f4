import { addCommand, type CommandContext, dataOption } from '../command-spec.ts'
import { createAgent } from '../http/agent.ts'
import { table } from '../output/table.ts'
import { readState } from '../state/state-file.ts'
import { allReady, type Probe, probeComponents } from '../status/probe.ts'
import { isAsWanted, probeSubaccounts, type SubaccountProbe } from '../status/subaccounts.ts'

/** `landbridge status`: is every component ready? The exit status says it to scripts. */
export function addStatusCommand(context: CommandContext): void {
  addCommand(
    context,
    'status',
    'show whether every component is ready and every subaccount connected (exit status 0 only then)',
    [
      ['landbridge status', 'a table'],
      ['landbridge status --json', 'for scripts'],
      ['until landbridge status; do sleep 1; done', 'wait for a start in the background'],
    ],
  )
    .addOption(dataOption())
    .action(async (options: { data: string; json?: boolean }) => {
      const { terminal } = context
      const state = readState(options.data)
      const { files = [] } = state
      const agent = createAgent({
        caFiles: [state.caFile, ...state.componentCaFiles],
        hostNames: state.hostNames,
        address: state.address,
      })
      try {
        const probes = await probeComponents(state.components, agent)
        const subaccounts = await probeSubaccounts(state, options.data, agent)
        const ready = allReady(probes) && subaccounts.every(isAsWanted)
        if (options.json)
          terminal.print(JSON.stringify({ ready, pid: state.pid, components: probes, subaccounts, files }))
        else {
          terminal.print(table(probes.map((probe) => row(probe, context))))
          for (const one of subaccounts) terminal.print(subaccountText(one, context))
          for (const { holds, path } of files) terminal.print(terminal.style.dim(`${path}: ${holds}`))
        }
        if (!ready) context.exitWith(1)
      } finally {
        await agent.close()
      }
    })
}

function row(probe: Probe, { terminal }: CommandContext): readonly string[] {
  const { good, bad, dim } = terminal.style
  return [
    probe.name,
    probe.ready ? good('ready') : bad('not ready'),
    probe.url,
    dim(probe.ready ? `${probe.durationMs} ms` : probe.reason),
  ]
}

function subaccountText(one: SubaccountProbe, { terminal }: CommandContext): string {
  const { good, bad, dim } = terminal.style
  const { regionHost, subaccount, locationID, state, reason, next } = one
  const location = locationID === '' ? '' : `, location ${locationID}`
  const shown = state === 'connected' ? good(state) : isAsWanted(one) ? `${state} by an administrator` : bad(state)
  const lines = [`subaccount ${subaccount}@${regionHost}${location}: ${shown}`]
  if (reason !== undefined) lines.push(dim(`  why: ${reason}`))
  if (next !== undefined) lines.push(`  next: ${next}`)
  return lines.join('\n')
}
