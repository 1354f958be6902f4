// What took long last time starts first, so that all cores are busy to the end.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const kept = fileURLToPath(new URL('../node_modules/.cache/tests/durations.json', import.meta.url))

/** Files that start processes of their own, or wait for what really takes its time. */
const heavy =
  /\b(?:runUntilReady|runLandbridge|startChild|Landscape|startBrowser|startUp|startCloudAlone)\b|\bstartPlatform\b[^}]*\} from '@landbridge\/testkit'/

/** What takes long and cannot be seen from outside: begun last, each would run alone at the end. */
const longest = new Set([
  'packages/store/test/certificates/two-years.test.ts',
  'apps/cloud-connector/test/pair-crash.test.ts',
  'apps/cloud-connector/test/kill-series.test.ts',
  'apps/cloud-connector/test/crash.test.ts',
  'apps/cloud-connector/test/failover.test.ts',
  'apps/cloud-connector/test/operations.test.ts',
  'apps/connectivity-proxy/test/service-channels.test.ts',
  'apps/destination-service/test/certificates.test.ts',
  'apps/connectivity-service/test/notifications/mail.test.ts',
  'apps/connectivity-service/test/certificate-mappings.test.ts',
])

/** How long a file takes, as far as its path and text tell. @returns milliseconds */
export function guessDuration(file) {
  if (longest.has(file.replaceAll('\\', '/'))) return 60_000
  if (heavy.test(readFileSync(file, 'utf8'))) return 15_000
  return file.startsWith('packages') ? 1_000 : 3_000
}

/** Groups of test files, longest first: by their last run on this machine, and by a guess where there was none. */
export function sortByDuration(groups) {
  const known = readKnown()
  const weighed = groups.map((files) => ({
    files,
    ms: files.reduce((sum, file) => sum + (known[file] ?? guessDuration(file)), 0),
  }))
  return weighed.sort((a, b) => b.ms - a.ms || (a.files[0] < b.files[0] ? -1 : 1)).map(({ files }) => files)
}

/**
 * Watches a run: keeps how long each file took (files of other runs stay as they were), and knows which did not end.
 * @param {(entry: string) => readonly string[]} filesOf the test files that a process runs
 * @returns {{ save: () => void, unfinished: (files: readonly string[]) => string[] }}
 */
export function watchFiles(results, filesOf) {
  const taken = new Map()
  const keep = (file, ms) => taken.set(file, Math.round(ms))
  results.on('test:summary', ({ file, duration_ms }) => {
    const files = file === undefined ? [] : filesOf(file)
    if (files.length === 1) keep(files[0], duration_ms)
  })
  // In a group each file is a suite, named by its path.
  results.on('test:complete', ({ nesting, name, file, details }) => {
    if (nesting === 0 && file?.endsWith('run-together.mjs') && details.type === 'suite') keep(name, details.duration_ms)
  })
  return {
    save() {
      mkdirSync(dirname(kept), { recursive: true })
      writeFileSync(kept, JSON.stringify({ ...readKnown(), ...Object.fromEntries(taken) }, null, 1))
    },
    unfinished: (files) => files.filter((file) => !taken.has(file)),
  }
}

function readKnown() {
  try {
    return JSON.parse(readFileSync(kept, 'utf8'))
  } catch {
    return {}
  }
}
