// `npm test`: every test file of the workspace under node:test, in parallel, the longest first. Short ones share a process
// with their neighbours (test-groups.mjs), but where tests are chosen by title.
//   npm test                             all
//   npm test -- tunnel socks5            only files whose path contains one of the words
//   npm test -- --alone socks5           the same, each file in a process of its own
//   npm test -- --test-name-pattern=x    only tests whose title matches; also --test-only, and
//                                        --test-reporter=tap with --test-reporter-destination=file
import { chmodSync, createWriteStream, globSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { dot, junit, spec, tap } from 'node:test/reporters'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { sortByDuration, watchFiles } from './file-order.mjs'
import { groupFiles, writeGroups } from './test-groups.mjs'

const { values: flags, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    alone: { type: 'boolean' },
    'test-name-pattern': { type: 'string', multiple: true },
    'test-skip-pattern': { type: 'string', multiple: true },
    'test-only': { type: 'boolean' },
    'test-concurrency': { type: 'string' },
    'test-reporter': { type: 'string', multiple: true },
    'test-reporter-destination': { type: 'string', multiple: true },
  },
})
const files = globSync(
  ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'testkit/test/**/*.test.ts', 'e2e/**/*.test.ts'],
  {
    exclude: (name) => name === 'node_modules',
  },
).filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
if (files.length === 0) {
  console.error(`No test file matches: ${words.join(' ')}`)
  process.exit(1)
}

// One PostgreSQL cluster for all files that ask for a database in it.
const wantsDatabase = files.some((file) =>
  /\b(?:newDatabase|onEveryDatabase|everyDatabase)\(/.test(readFileSync(file, 'utf8')),
)
const cluster = wantsDatabase ? await startCluster() : { environment: {}, stop: async () => {} }

// The same files are stripped of their types and compiled by hundreds of processes otherwise.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/tests', import.meta.url))
const folder = folderInMemory()
Object.assign(process.env, cluster.environment, folder.environment, { NODE_ENV: 'test' })
const stopping = new AbortController()
// Properties may be tried for long, one after the other (src/properties.ts).
const fuzzMs = Number(process.env.LANDBRIDGE_FUZZ ?? 0) * 1_000
const limitMs = 30 * 60_000 + 200 * fuzzMs
setTimeout(() => {
  console.error(`The run is ended after ${limitMs / 60_000} minutes.`)
  stopping.abort()
}, limitMs).unref()
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopping.abort())

// A pattern would meet the name of the suite that a file is in a group; and it runs little of many files.
const isWhole = !['test-name-pattern', 'test-skip-pattern', 'test-only'].some((flag) => flags[flag] !== undefined)
const groups = writeGroups(sortByDuration(isWhole && !flags.alone ? groupFiles(files) : files.map((file) => [file])))
const results = run({
  files: groups.entries,
  concurrency: Number(flags['test-concurrency'] ?? 3),
  timeout: 250_000 + 2 * fuzzMs, // of a test; for whole files see end-in-time.mjs
  execArgv: ['--disable-warning=ExperimentalWarning', '--import', new URL('end-in-time.mjs', import.meta.url).href],
  signal: stopping.signal,
  only: flags['test-only'] === true,
  ...patterns('testNamePatterns', flags['test-name-pattern']),
  ...patterns('testSkipPatterns', flags['test-skip-pattern']),
})
let isRed = false
let isOver = false
results.on('test:fail', ({ todo }) => {
  isRed ||= todo === undefined || todo === false
})
results.on('test:summary', ({ file, success }) => {
  isRed ||= !success
  // The one without a file is about all of them.
  isOver ||= file === undefined
})
const watch = watchFiles(results, groups.filesOf)
const reporters = new Map(Object.entries({ dot, junit, tap }))
const written = (flags['test-reporter'] ?? ['spec']).map(async (name, index) => {
  const destination = flags['test-reporter-destination']?.[index] ?? 'stdout'
  const isFile = destination !== 'stdout' && destination !== 'stderr'
  const known = name === 'spec' ? new spec() : reporters.get(name)
  const reporter = known ?? (await import(pathToFileURL(resolve(name)).href)).default
  await pipeline(results.compose(reporter), isFile ? createWriteStream(destination) : process[destination], {
    end: isFile,
  })
})
await Promise.all(written)
await cluster.stop()
folder.remove()
groups.remove()
// A run of some tests says nothing about how long a file takes.
if (isWhole) watch.save()
const unfinished = watch.unfinished(
  groups.entries
    .map(groups.filesOf)
    .filter(({ length }) => length > 1)
    .flat(),
)
if (unfinished.length > 0) {
  console.error(`Not run to the end, as the process of their group ended: ${unfinished.join(' ')}`)
  isRed = true
}
// Not `exitCode`: the library that runs PostgreSQL ends the process itself where one is only set, with 0.
process.exit(isOver && !isRed && !stopping.signal.aborted ? 0 : 1)

/** Patterns as the command line of Node takes them: `/like this/i`, or a text. */
function patterns(option, texts) {
  if (texts === undefined) return {}
  return {
    [option]: texts.map((text) => {
      const [, source = text, letters = ''] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? []
      return new RegExp(source, letters)
    }),
  }
}

/**
 * A place for temporary folders whose writes need no disk. SQLite waits for the disk after every transaction, and so did a
 * good part of the run. Programs are started from there too: where that is forbidden, or room is scarce as in many
 * containers, the usual folder is taken.
 */
function folderInMemory() {
  const none = { environment: {}, remove: () => {} }
  try {
    const isHere = /^\S+ \/dev\/shm tmpfs (?!\S*\bnoexec\b)/m.test(readFileSync('/proc/mounts', 'utf8'))
    const { bavail, bsize } = statfsSync('/dev/shm')
    if (!isHere || bavail * bsize < 2 * 1024 ** 3) return none
    const path = mkdtempSync('/dev/shm/landbridge-tests-')
    // Some tests look at files as another user; each folder below is closed by itself.
    chmodSync(path, 0o711)
    return {
      environment: { LANDBRIDGE_TEST_FOLDER: path },
      remove: () => rmSync(path, { recursive: true, force: true }),
    }
  } catch {
    return none // No such place on this machine.
  }
}

async function startCluster() {
  const { startPostgres } = await import('./src/postgres.ts')
  const { clusterUnavailableVariable, clusterUrlVariable } = await import('./src/database.ts')
  const server = await startPostgres()
  return 'unavailable' in server
    ? { environment: { [clusterUnavailableVariable]: server.unavailable }, stop: async () => {} }
    : { environment: { [clusterUrlVariable]: server.url }, stop: () => server.stop() }
}
