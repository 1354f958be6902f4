import { addCommand, type CommandContext, dataOption } from '../command-spec.ts'
import { createAgent } from '../http/agent.ts'
import { table } from '../output/table.ts'
import { readState } from '../state/state-file.ts'
import { allReady, type Probe, probeComponents } from '../status/probe.ts'

/** `landbridge status`: is every component ready? The exit status says it to scripts. */
export function addStatusCommand(context: CommandContext): void {
  addCommand(context, 'status', 'show whether every component is ready (exit status 0 only then)', [
    ['landbridge status', 'a table'],
    ['landbridge status --json', 'for scripts'],
    ['until landbridge status; do sleep 1; done', 'wait for a start in the background'],
  ])
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
        const ready = allReady(probes)
        if (options.json) terminal.print(JSON.stringify({ ready, pid: state.pid, components: probes, files }))
        else {
          terminal.print(table(probes.map((probe) => row(probe, context))))
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
