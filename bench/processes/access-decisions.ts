// Decides about requests with few and with many mappings. Arguments: number of mappings, resources of each, rounds.
// Prints one line of JSON.
import { type AccessTable, compileAccess } from '@landbridge/access'
import { manyMappings, pathsOf } from '../access/many-mappings.ts'
import { median } from '../measure/subject.ts'

const [mappings = 0, resourcesEach = 0, rounds = 1] = process.argv.slice(2).map(Number)
const batch = 200_000

/** Hosts and paths in an order in which no cache of the processor helps. */
function questions(count: number): readonly { host: string; port: number; path: string }[] {
  const paths = pathsOf(resourcesEach)
  let state = 12_345
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
  return Array.from({ length: batch }, () => ({
    // A text of its own, as it comes from a request: comparing it means reading it.
    host: Buffer.from(`system-${next(count) >> 1}.plant.virtual`).toString('latin1'),
    port: next(2) === 0 ? 443 : 8443,
    path: Buffer.from(paths[next(paths.length)] ?? '').toString('latin1'),
  }))
}

/** Nanoseconds for one decision. */
function decide(table: AccessTable, asked: ReturnType<typeof questions>): number {
  const before = process.hrtime.bigint()
  let allowed = 0
  for (const { host, port, path } of asked)
    if (typeof table.decideHttp(host, port, path, false) === 'object') allowed += 1
  const ns = Number(process.hrtime.bigint() - before) / batch
  if (allowed === 0 || allowed === batch) throw new Error('the questions do not ask for both answers')
  return ns
}

const all = manyMappings(mappings, resourcesEach)
const startMs = performance.now()
const many = compileAccess(all)
const compileMs = performance.now() - startMs
const few = compileAccess(all.slice(0, 4))
const changed = all.with(mappings >> 1, { ...all[mappings >> 1]!, description: 'changed' })
const changeStartMs = performance.now()
compileAccess(changed)
const changeMs = performance.now() - changeStartMs

const asked = { few: questions(4), many: questions(mappings) }
for (let warmUp = 0; warmUp < 3; warmUp += 1) {
  decide(few, asked.few)
  decide(many, asked.many)
}
const runs = Array.from({ length: rounds }, () => ({ few: decide(few, asked.few), many: decide(many, asked.many) }))
const decisionNs = { few: median(runs.map((run) => run.few)), many: median(runs.map((run) => run.many)) }
process.stdout.write(`${JSON.stringify({ decisionNs, compileMs, changeMs })}\n`)
