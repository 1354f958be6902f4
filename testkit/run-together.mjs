// What a generated group file runs: test files one after the other in one process, each as a suite of its own.
import { relative } from 'node:path'
import { suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { endSoon } from './end-in-time.mjs'

/** Longer than any file takes; the runner's own limit is for the whole group. */
const fileTimeoutMs = 180_000 + 20_000 * Number(process.env.LANDBRIDGE_FUZZ ?? 0)
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs test files as if each had a process of its own, but for the modules, which are loaded once. What a file does at its
 * top (hooks, tests) belongs to its suite, so hooks end with the file. A file that cannot be loaded, or that leaves the
 * environment, the working directory or a handler of a signal changed, fails by itself; the next ones run all the same.
 * @param {readonly string[]} files absolute paths
 */
export async function runTogether(files) {
  for (const file of files) {
    const before = stateOfProcess()
    // Awaited: the next file is loaded when this one has ended.
    await suite(relative(process.cwd(), file), { timeout: fileTimeoutMs }, async () => {
      try {
        await import(pathToFileURL(file).href)
      } catch (failure) {
        // As a test: a suite that cannot be built is missing in the count of failures.
        test('the file can be loaded', () => {
          throw failure
        })
      }
    })
    await reportLeftovers(file, before)
  }
  endSoon()
}

function stateOfProcess() {
  return {
    'the working directory': process.cwd(),
    ...Object.fromEntries(Object.entries(process.env).map(([name, value]) => [`the variable ${name}`, value])),
    ...Object.fromEntries(signals.map((name) => [`handlers of ${name}`, process.listenerCount(name)])),
  }
}

/** Tells of what would reach the next file, as a test of its own that fails. */
async function reportLeftovers(file, before) {
  const after = stateOfProcess()
  const changed = Object.keys({ ...before, ...after }).filter((what) => before[what] !== after[what])
  if (changed.length === 0) return
  await test(`${relative(process.cwd(), file)} leaves the process as it was`, () => {
    throw new Error(`Changed for the files after it in this process: ${changed.join(', ')}.`)
  })
}
