// `npm run bench`: see options.ts for what it can be told, README.md for what it measures.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runBenchmark } from './benchmark.ts'
import type { Report } from './figures.ts'
import { killChildren } from './host/children.ts'
import { helpText, type Options, parseOptions } from './options.ts'
import { fullPlan, quickPlan } from './plan.ts'
import { benchmarkPage } from './report/markdown.ts'
import { alignTable } from './report/table.ts'
import { tablesOf } from './report/tables.ts'

/** Nothing may survive the benchmark, whichever way it ends. */
function cleanUpAtTheEnd(folder: string): void {
  process.on('exit', () => {
    killChildren()
    rmSync(folder, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))
}

function print(report: Report, options: Options): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify(report)}\n`)
    return
  }
  const tables = tablesOf(report).map(({ title, heading, rows }) => `${title}\n\n${alignTable(heading, rows)}\n`)
  const others = `Others used ${Math.round(report.usedByOthers * 100)} % of the processors meanwhile.`
  process.stdout.write(`\n${tables.join('\n')}\n${others}\n`)
}

function writePage(report: Report): string {
  const folder = fileURLToPath(new URL('../docs', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'benchmarks.md')
  writeFileSync(path, benchmarkPage(report))
  return path
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  if (options.help) {
    process.stdout.write(helpText)
    return 0
  }
  if (process.platform !== 'linux') throw new Error('the benchmark reads /proc and therefore needs Linux')
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-bench-'))
  cleanUpAtTheEnd(folder)
  const say = (line: string) => process.stderr.write(`${line}\n`)
  const report = await runBenchmark(options, options.quick ? quickPlan : fullPlan, folder, say)
  print(report, options)
  if (options.isComplete) say(`written: ${writePage(report)}`)
  return 0
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (failure: unknown) => {
    process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`)
    process.exit(1)
  },
)
