import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AccessScaleFigures } from '../figures.ts'
import { startChild } from '../host/children.ts'
import { startNodeScript } from '../host/node-script.ts'
import { memoryBytes } from '../host/process-usage.ts'
import { median, round } from '../measure/subject.ts'
import type { AccessScalePlan } from '../plan.ts'
import { fillConnector } from './fill-connector.ts'

interface Decisions {
  readonly decisionNs: { readonly few: number; readonly many: number }
  readonly compileMs: number
  readonly changeMs: number
}

/** What very many mappings cost: a decision, a change, a start of the connector. @throws Error when it does not start */
export async function measureAccessScale(
  { mappings, resourcesEach, rounds }: AccessScalePlan,
  folder: string,
  say: (line: string) => void,
): Promise<AccessScaleFigures> {
  const script = await startNodeScript('access-decisions.ts', [mappings, resourcesEach, rounds].map(String))
  await script.stop()
  const { decisionNs, compileMs, changeMs } = script.ready as unknown as Decisions
  say(`access control: ${Math.round(decisionNs.few)} ns with few mappings, ${Math.round(decisionNs.many)} ns with all`)
  const empty = await prepare(join(folder, 'empty'))
  const full = await prepare(join(folder, 'full'))
  await fillConnector(full.dataDirectory, full.sealingKey, mappings, resourcesEach)
  const starts = { empty: [] as Start[], full: [] as Start[] }
  for (let turn = 0; turn < rounds; turn += 1)
    for (const [kind, { file }] of Object.entries({ empty, full }) as ['empty' | 'full', Prepared][])
      starts[kind].push(await startConnector(file))
  const of = (kind: 'empty' | 'full', key: keyof Start, digits: number) =>
    round(median(starts[kind].map((start) => start[key])), digits)
  const startSeconds = { empty: of('empty', 'seconds', 2), full: of('full', 'seconds', 2) }
  say(`connector: ready after ${startSeconds.empty} s when empty, ${startSeconds.full} s with ${mappings} mappings`)
  return {
    mappings,
    resources: mappings * resourcesEach,
    decisionNs: { few: Math.round(decisionNs.few), many: Math.round(decisionNs.many) },
    addedUs: round((decisionNs.many - decisionNs.few) / 1_000, 2),
    compileMs: round(compileMs, 1),
    changeMs: round(changeMs, 1),
    startSeconds,
    memoryMb: { empty: of('empty', 'memoryMb', 0), full: of('full', 'memoryMb', 0) },
  }
}

interface Prepared {
  readonly dataDirectory: string
  readonly sealingKey: string
  /** The configuration file. */
  readonly file: string
}

/** A connector that has run before: its first start makes keys, which is another matter. */
async function prepare(folder: string): Promise<Prepared> {
  mkdirSync(folder, { recursive: true })
  const dataDirectory = join(folder, 'data')
  const sealingKey = randomBytes(32).toString('base64')
  const file = join(folder, 'connector.yaml')
  const keyFile = join(folder, 'sealing-key')
  writeFileSync(keyFile, sealingKey, { mode: 0o600 })
  const connector = { port: 0, haRole: 'master', initialPassword: 'only-for-the-benchmark' }
  // JSON is YAML.
  const configuration = { dataDirectory, logLevel: 'warn', sealingKey: { file: keyFile }, connector }
  writeFileSync(file, JSON.stringify(configuration), { mode: 0o600 })
  await startConnector(file)
  return { dataDirectory, sealingKey, file }
}

interface Start {
  readonly seconds: number
  readonly memoryMb: number
}

/** Runs `landbridge connector` until it says that it is ready. */
async function startConnector(file: string): Promise<Start> {
  const launcher = fileURLToPath(new URL('../../bin/landbridge.mjs', import.meta.url))
  const startMs = performance.now()
  const child = startChild(process.execPath, [launcher, 'connector', '--json', '--config', file])
  await child.nextLine()
  const seconds = (performance.now() - startMs) / 1_000
  const memoryMb = memoryBytes(child.pid) / 1e6
  await child.stop()
  return { seconds, memoryMb }
}
