import type { Report } from '../figures.ts'
import { markdownTable } from './table.ts'
import { tablesOf } from './tables.ts'

function placementOf({ notPlaced, machine }: Report): string {
  if (notPlaced !== undefined) return `${notPlaced}.`
  return `With 16 connections and more, processes that talk to each other never shared a processor${
    machine.cores < 4 ? ', all others did' : ''
  }; with 1, and where "kernel places" says so, the kernel decided.`
}

/** The page docs/benchmarks.md of one run. */
export function benchmarkPage(report: Report): string {
  const { machine } = report
  return `# Benchmarks

Written by \`npm run bench\` on ${report.date.slice(0, 10)}; do not edit. All subjects ran in this one run, on one machine
that also ran the load generator and the backend: compare lines with each other, not with other machines.
What each figure means, how the run warms up and in which order it measures: [bench/README.md](../bench/README.md).

- Machine: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGb} GB, Linux ${machine.kernel}.
- Others used ${Math.round(report.usedByOthers * 100)} % of all processor time during the measurements: above 10 % the
  figures say less about absolute speed, and the processor time per request and per byte says more.
- ${placementOf(report)}
- Load by ${report.loadGenerator}, backend ${report.webServer}. ${Object.entries(report.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}.
- Duration: ${Math.round(report.seconds)} s.

## Subjects

${Object.entries(report.subjects)
  .map(([name, { description }]) => `- **${name}**: ${description}.`)
  .join('\n')}
${Object.entries(report.skipped)
  .map(([name, reason]) => `- ${name} was left out: ${reason}.\n`)
  .join('')}
${tablesOf(report)
  .map(({ title, heading, rows }) => `## ${title}\n\n${markdownTable(heading, rows)}\n`)
  .join('\n')}
## Repeat it

\`\`\`sh
apt-get install -y haproxy nginx stunnel4 openssh-server wrk   # whatever is missing is left out
npm ci
npm run bench                       # about fifteen minutes; writes this page
npm run bench -- --quick --json     # within a minute, one JSON object
\`\`\`
`
}
