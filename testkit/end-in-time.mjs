// Loaded before each test file: a process that cannot end does so by itself, and says what kept it. The runner's own limit
// is for single tests; a server that a failed test left open would keep the whole run waiting for ever.
import { basename } from 'node:path'
import { after, beforeEach } from 'node:test'
import { isMainThread } from 'node:worker_threads'

/** Far longer than any file, or group of files, takes on a slow machine; with LANDBRIDGE_FUZZ some have many properties. */
const usualMs = 300_000 + 100_000 * Number(process.env.LANDBRIDGE_FUZZ ?? 0)
const { searchParams: settings } = new URL(import.meta.url)
const wholeMs = Number(settings.get('ms') ?? usualMs)
/** What the hooks at the end of a file may take on a slow machine: they stop platforms. */
const hooksMs = Number(settings.get('hooks') ?? 60_000)
/** What connections and processes may take to end after the last test. */
const lastMs = 20_000

endAfter(wholeMs, `after ${wholeMs / 1_000} s`)
// Not in threads and processes that a test started with the same arguments: they would become some of tests. A group ends
// by itself.
if (isMainThread && /\.test\.m?[jt]s$/.test(process.argv[1] ?? '')) {
  let ending
  after(() => {
    ending = endAfter(hooksMs, `${hooksMs / 1_000} s after its last test`)
  })
  // The runner takes it for the end, too, when a file waits for something before it says what its other tests are.
  beforeEach(() => clearTimeout(ending))
}

/** To be called when nothing more is to come: what is left has little time. */
export function endSoon() {
  endAfter(lastMs, `${lastMs / 1_000} s after its last test`)
}

function endAfter(ms, when) {
  const timer = setTimeout(() => {
    const kept = [...new Set(process.getActiveResourcesInfo())].join(', ')
    console.error(`${basename(process.argv[1] ?? '')} is ended ${when}: it is kept alive by ${kept}.`)
    process.exit(1)
  }, ms)
  // Keeps nothing alive itself.
  return timer.unref()
}
