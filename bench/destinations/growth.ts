import type { DestinationFigures } from '../figures.ts'
import type { LoadGenerator } from '../load/load.ts'
import { median, round } from '../measure/subject.ts'
import type { DestinationPlan } from '../plan.ts'
import { type LookupRun, runLookups } from './lookups.ts'
import { type DestinationSubject, findPath } from './subject.ts'

/**
 * What a lookup costs in a large store, measured against a small one in turn: the sizes of one store lie minutes apart,
 * in which a virtual machine changes its speed by a third.
 * @param small an empty store: it is filled to the smallest size
 */
export async function measureGrowth(
  small: DestinationSubject,
  large: DestinationSubject,
  generator: LoadGenerator,
  { sizes, connections, warmUpSeconds, growthRounds }: DestinationPlan,
): Promise<Pick<DestinationFigures, 'growthRatio' | 'cpuGrowthRatio'>> {
  await small.fill(sizes[0] ?? 1)
  await generator.run(small.entry, findPath, connections, warmUpSeconds)
  const times: number[] = []
  const cpu: number[] = []
  const run = (subject: DestinationSubject): Promise<LookupRun> =>
    runLookups(generator, subject, findPath, connections, 1)
  for (let turn = 0; turn < growthRounds; turn += 1) {
    const first = await run(turn % 2 === 0 ? small : large)
    const second = await run(turn % 2 === 0 ? large : small)
    const [inSmall, inLarge] = turn % 2 === 0 ? [first, second] : [second, first]
    times.push(inLarge.p50Us / inSmall.p50Us)
    cpu.push(inLarge.cpuUs / inSmall.cpuUs)
  }
  return { growthRatio: round(median(times), 2), cpuGrowthRatio: round(median(cpu), 2) }
}
