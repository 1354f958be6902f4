// Loaded before each test file: a process that cannot end does so by itself, and says what kept it. The runner's own limit
// is for single tests; a server that a failed test left open would keep the whole run waiting for ever.
import { basename } from 'node:path'

/** Far longer than any file, or group of files, takes on a slow machine; with LANDBRIDGE_FUZZ some have many properties. */
const usualMs = 300_000 + 100_000 * Number(process.env.LANDBRIDGE_FUZZ ?? 0)
const wholeMs = Number(new URL(import.meta.url).searchParams.get('ms') ?? usualMs)
/** What connections and processes may take to end after the last test. */
const lastMs = 20_000

endAfter(wholeMs, `after ${wholeMs / 1_000} s`)

/** To be called when nothing more is to come: what is left has little time. */
export function endSoon() {
  endAfter(lastMs, `${lastMs / 1_000} s after its last test`)
}

function endAfter(ms, when) {
  // Keeps nothing alive itself.
  setTimeout(() => {
    const kept = [...new Set(process.getActiveResourcesInfo())].join(', ')
    console.error(`${basename(process.argv[1] ?? '')} is ended ${when}: it is kept alive by ${kept}.`)
    process.exit(1)
  }, ms).unref()
}
