import type { Ratios, SubjectFigures } from '../figures.ts'
import { paired } from '../measure/paired.ts'

/** Our figures against those of every other subject; a figure that either side lacks has no ratio. */
export function ratiosOf(subjects: Readonly<Record<string, SubjectFigures>>, ours: string): Record<string, Ratios> {
  const own = subjects[ours]
  if (own === undefined) return {}
  const ratios: Record<string, Ratios> = {}
  for (const [name, peer] of Object.entries(subjects)) {
    if (name === ours) continue
    const entries: [string, number | undefined][] = Object.keys(peer.requests).map((level) => [
      `requests${level.replace('-free', 'Free').replace('-together', 'Together')}`,
      thousandths(
        paired(own.requests[level], peer.requests[level], (us, them) => us.requestsPerSecond / them.requestsPerSecond),
      ),
    ])
    entries.push(['bulkDown', divide(own.bulk?.downMbPerSecond, peer.bulk?.downMbPerSecond)])
    entries.push(['bulkUp', divide(own.bulk?.upMbPerSecond, peer.bulk?.upMbPerSecond)])
    const cpuOf = (figures: SubjectFigures) => sum(figures.requests['64']?.cpuSecondsPerMillion)
    entries.push(['cpuPerRequest64', divide(cpuOf(peer), cpuOf(own))])
    entries.push(['cpuPerByte', divide(sum(peer.bulk?.cpuSecondsPerGb), sum(own.bulk?.cpuSecondsPerGb))])
    ratios[name] = Object.fromEntries(entries.filter(([, ratio]) => ratio !== undefined)) as Ratios
  }
  return ratios
}

function divide(own: number | undefined, other: number | undefined): number | undefined {
  return own === undefined || other === undefined || other === 0 ? undefined : thousandths(own / other)
}

function thousandths(ratio: number | undefined): number | undefined {
  return ratio === undefined ? undefined : Math.round(ratio * 1000) / 1000
}

/** All roles together; undefined where there is no process to speak of. */
function sum(byRole: Readonly<Record<string, number>> | undefined): number | undefined {
  const values = Object.values(byRole ?? {})
  return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0)
}
