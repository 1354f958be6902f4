import { readFileSync } from 'node:fs'
import type { HoldFigures } from '../figures.ts'
import { memoryBytes } from '../host/process-usage.ts'
import { holdConnections } from '../load/hold.ts'
import type { SocksEntry } from '../peers/peer.ts'
import { mapRecord, type Progress, round, type Subject } from './subject.ts'

/** Opens many virtual connections through a subject with a SOCKS5 listener and weighs its processes meanwhile. */
export async function measureHold(
  subject: Subject,
  socks: SocksEntry,
  wanted: number,
  progress: Progress,
): Promise<HoldFigures> {
  const { pids } = subject.running
  const count = Math.min(wanted, descriptorLimit() - 500)
  if (count < wanted)
    progress.say(`only ${count} connections: raise the limit of open files (ulimit -Hn) for ${wanted}`)
  const before = mapRecord(pids, memoryBytes)
  let during: Record<string, number> = {}
  const result = await holdConnections(socks, count, {
    isOver: progress.isOver,
    whileOpen: () => {
      during = mapRecord(pids, memoryBytes)
    },
  })
  progress.say(`${subject.name}: ${result.answered} of ${count} open connections answered ${result.firstFailure}`)
  return {
    wanted,
    opened: result.opened,
    answered: result.answered,
    openSeconds: round(result.openSeconds, 1),
    memoryMb: mapRecord(during, (bytes) => round(bytes / 1e6, 1)),
    kbPerConnection: Object.fromEntries(
      Object.keys(pids).map((role) => [
        role,
        round((during[role]! - before[role]!) / Math.max(1, result.opened) / 1e3, 1),
      ]),
    ),
  }
}

/** Open files that one process may have; Node raises its own limit to the hard one at start. */
function descriptorLimit(): number {
  const line = /Max open files\s+\S+\s+(\S+)/.exec(readFileSync('/proc/self/limits', 'utf8'))
  return line?.[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line?.[1] ?? 1024)
}
