import type { BulkFigures } from '../figures.ts'
import { cpuSeconds, peakMemoryBytes, resetPeakMemory } from '../host/process-usage.ts'
import { downloadBulk, uploadBulk } from '../load/bulk.ts'
import type { Plan } from '../plan.ts'
import { alternating, mapRecord, median, type Progress, round, type Subject } from './subject.ts'

/** One large body down and one up through every subject, after a warm-up. @throws when one fails */
export async function measureBulk(
  subjects: readonly Subject[],
  plan: Plan,
  progress: Progress,
): Promise<Map<string, BulkFigures>> {
  const down = new Map<string, number[]>(subjects.map(({ name }) => [name, []]))
  const up = new Map<string, number[]>(subjects.map(({ name }) => [name, []]))
  const cpu = new Map<string, Record<string, number>>(subjects.map(({ name }) => [name, {}]))
  for (const { running } of subjects) {
    await downloadBulk(running.web, plan.bulkBytes)
    await uploadBulk(running.upload, plan.bulkBytes / 4)
    for (const pid of Object.values(running.pids)) resetPeakMemory(pid)
  }
  for (let turn = 0; turn < plan.bulkRounds; turn++) {
    for (const { name, running } of alternating(subjects, turn)) {
      if (progress.isOver()) continue
      const before = mapRecord(running.pids, cpuSeconds)
      const downSpeed = await downloadBulk(running.web, plan.bulkBytes)
      const upSpeed = await uploadBulk(running.upload, plan.bulkBytes)
      for (const [role, pid] of Object.entries(running.pids))
        addTo(cpu.get(name)!, role, cpuSeconds(pid) - before[role]!)
      down.get(name)!.push(downSpeed)
      up.get(name)!.push(upSpeed)
      progress.say(`${name}: bulk ${Math.round(downSpeed)} MB/s down, ${Math.round(upSpeed)} MB/s up`)
    }
  }
  const figures = new Map<string, BulkFigures>()
  for (const { name, running } of subjects) {
    const rounds = down.get(name)!.length
    if (rounds === 0) continue
    figures.set(name, {
      bytes: plan.bulkBytes,
      rounds,
      downMbPerSecond: Math.round(median(down.get(name)!)),
      upMbPerSecond: Math.round(median(up.get(name)!)),
      cpuSecondsPerGb: mapRecord(cpu.get(name)!, (seconds) =>
        round(seconds / ((plan.bulkBytes * rounds * 2) / 1e9), 2),
      ),
      peakMemoryMb: mapRecord(running.pids, (pid) => round(peakMemoryBytes(pid) / 1e6, 1)),
    })
  }
  return figures
}

function addTo(sums: Record<string, number>, role: string, seconds: number): void {
  sums[role] = (sums[role] ?? 0) + seconds
}
