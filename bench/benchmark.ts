import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { measureAccessScale } from './access/measure.ts'
import { type RunningBackend, startBackend } from './backend/backend.ts'
import { candidates } from './candidates.ts'
import { measureDestinations } from './destinations/measure.ts'
import type { HoldFigures, Report, SubjectFigures } from './figures.ts'
import { createCertificates } from './host/certificates.ts'
import { findExecutable } from './host/executables.ts'
import { describeMachine, describeVersions, installHint, watchOthers } from './host/machine.ts'
import { cannotPlace } from './host/placement.ts'
import type { LoadGenerator } from './load/load.ts'
import { rawGenerator } from './load/raw-generator.ts'
import { wrkGenerator } from './load/wrk.ts'
import { measureBulk } from './measure/bulk.ts'
import { measureHold } from './measure/hold.ts'
import { paired } from './measure/paired.ts'
import { measureRequests } from './measure/requests.ts'
import type { Progress, Subject } from './measure/subject.ts'
import { isOfSubjects, type Options } from './options.ts'
import type { Plan } from './plan.ts'
import { measurePropagation } from './propagation/measure.ts'
import { judge, readBars } from './report/bars.ts'
import { ratiosOf } from './report/ratios.ts'

/** Measures what the options ask for, with files in `folder`. @throws Error when a measurement fails */
export async function runBenchmark(
  options: Options,
  plan: Plan,
  folder: string,
  say: (line: string) => void,
): Promise<Report> {
  const startedMs = performance.now()
  const progress: Progress = { say, isOver: () => performance.now() - startedMs > plan.limitMs }
  const machine = await describeMachine()
  if (machine.busyBefore > 0.1)
    say(`others use ${Math.round(machine.busyBefore * 100)} % of the processors: expect noise`)
  const versions = await describeVersions()
  const generator = chooseGenerator(folder)
  const skipped: Record<string, string> = {}
  const isDataPlane = options.phases.some(isOfSubjects)
  const backend = isDataPlane ? await startBackend(newFolder(folder, 'backend'), plan.bulkBytes) : undefined
  const subjects = backend === undefined ? [] : await startSubjects(options, backend, folder, skipped, say)
  const othersShare = watchOthers()
  const figures = await measure(subjects, options, plan, generator, backend, progress)
  const isCutShort = isDataPlane && progress.isOver()
  for (const { running } of subjects) await running.stop()
  await backend?.stop()
  const measurement = { generator, folder: newFolder(folder, 'destinations'), skipped, say }
  const destinations = options.phases.includes('destinations')
    ? await measureDestinations(plan.destinations, measurement)
    : {}
  const propagation = options.phases.includes('propagation')
    ? await measurePropagation(plan.propagation, { generator, folder: newFolder(folder, 'propagation'), skipped, say })
    : undefined
  const accessScale = options.phases.includes('access-scale')
    ? await measureAccessScale(plan.accessScale, newFolder(folder, 'access'), say)
    : undefined
  const usedByOthers = othersShare()
  if (isCutShort) skipped.rest = 'the time of the quick run was over; figures may rest on fewer rounds'
  const ratios = ratiosOf(figures, 'landbridge')
  return {
    format: 'landbridge-bench/1',
    date: new Date().toISOString(),
    mode: plan.mode,
    seconds: Math.round((performance.now() - startedMs) / 100) / 10,
    machine,
    ...(cannotPlace() !== undefined && { notPlaced: cannotPlace()! }),
    usedByOthers,
    versions,
    loadGenerator: generator.name,
    webServer: backend?.webServer ?? 'not needed',
    subjects: figures,
    ratios,
    destinations,
    ...(propagation && { propagation }),
    ...(accessScale && { accessScale }),
    bars: readBars().map((bar) => judge(bar, { subjects: figures, ratios, destinations, propagation, accessScale })),
    skipped,
  }
}

function chooseGenerator(folder: string): LoadGenerator {
  const wrk = findExecutable('wrk')
  return wrk === undefined ? rawGenerator : wrkGenerator(wrk, newFolder(folder, 'wrk'))
}

/** Starts all that can run here; an idle subject costs the others nothing that could be measured. */
async function startSubjects(
  options: Options,
  backend: RunningBackend,
  folder: string,
  skipped: Record<string, string>,
  say: (line: string) => void,
): Promise<Subject[]> {
  const certificates = await createCertificates(newFolder(folder, 'certificates'))
  const subjects: Subject[] = []
  for (const { name, description, packageName, available, start } of candidates) {
    if (!options.subjects.includes(name)) continue
    const reason = available()
    if (reason !== undefined) {
      skipped[name] = reason
      say(`${name} is left out: ${reason}${packageName ? `. ${installHint([packageName])}` : ''}`)
      continue
    }
    const running = await start({ backend, certificates, folder: newFolder(folder, name) })
    subjects.push({ name, description, running })
  }
  return subjects
}

async function measure(
  subjects: readonly Subject[],
  { phases }: Options,
  plan: Plan,
  generator: LoadGenerator,
  backend: RunningBackend | undefined,
  progress: Progress,
): Promise<Record<string, SubjectFigures>> {
  const requests =
    phases.includes('requests') && backend !== undefined
      ? await measureRequests(subjects, plan, generator, backend.pids.backend!, progress)
      : new Map()
  const hold = new Map<string, HoldFigures>()
  for (const subject of phases.includes('hold') ? subjects : []) {
    const { socks } = subject.running
    if (socks) hold.set(subject.name, await measureHold(subject, socks, plan.holdConnections, progress))
  }
  const bulk = phases.includes('bulk') ? await measureBulk(subjects, plan, progress) : new Map()
  const canPlace = cannotPlace() === undefined
  const figures: Record<string, SubjectFigures> = {}
  for (const { name, description } of subjects) {
    const own: SubjectFigures = { description, requests: requests.get(name) ?? {} }
    const added = (level: string) =>
      paired(own.requests[level], requests.get('direct')?.[level], (us, backend) => us.p50Us - backend.p50Us)
    const [free, together] = name === 'direct' ? [] : [added('1'), canPlace ? added('1-together') : undefined]
    figures[name] = {
      ...own,
      ...(free !== undefined && { addedMedianLatencyUs: Math.round(free) }),
      ...(together !== undefined && { addedTogetherUs: Math.round(together) }),
      ...(bulk.has(name) && { bulk: bulk.get(name) }),
      ...(hold.has(name) && { hold: hold.get(name)! }),
    }
  }
  return figures
}

function newFolder(parent: string, name: string): string {
  const path = join(parent, name)
  mkdirSync(path, { recursive: true })
  return path
}
