// What took long last time starts first, so that all cores are busy to the end.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const kept = fileURLToPath(new URL('../node_modules/.cache/tests/durations.json', import.meta.url))

/** Files that start processes of their own, or wait for what really takes its time. */
const heavy =
  /\b(?:runUntilReady|runLandbridge|startPlatform|startChild|Landscape|startBrowser|startUp|startCloudAlone)\b/

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

/** Test files, longest first: by their last run on this machine, and by what they start where there was none. */
export function sortByDuration(files) {
  const known = readKnown()
  const guess = (file) => {
    if (longest.has(file.replaceAll('\\', '/'))) return 60_000
    if (heavy.test(readFileSync(file, 'utf8'))) return 15_000
    if (file.startsWith('e2e/')) return 8_000
    return file.startsWith('apps/') ? 3_000 : 1_000
  }
  const weighed = files.map((file) => ({ file, ms: known[file] ?? guess(file) }))
  return weighed.sort((a, b) => b.ms - a.ms || (a.file < b.file ? -1 : 1)).map(({ file }) => file)
}

/** Keeps how long each file took; files of other runs stay as they were. */
export function recordDurations(results) {
  const known = readKnown()
  results.on('test:summary', ({ file, duration_ms }) => {
    if (file !== undefined) known[relative(process.cwd(), file)] = Math.round(duration_ms)
  })
  results.once('end', () => {
    mkdirSync(dirname(kept), { recursive: true })
    writeFileSync(kept, JSON.stringify(known, null, 1))
  })
}

function readKnown() {
  try {
    return JSON.parse(readFileSync(kept, 'utf8'))
  } catch {
    return {}
  }
}
