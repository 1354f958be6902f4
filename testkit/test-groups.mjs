// Which test files share a process: loading the platform's modules costs half a second of processor time, more than most
// files' tests, and code that has run is faster the next time.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { guessDuration } from './file-order.mjs'

/** A group ends where its files would take longer than this one after the other, so that cores stay busy to the end. */
const groupMs = 20_000

/**
 * What would disturb others in the process, or be disturbed: measuring its memory or time, changing it for good, as the
 * library that starts PostgreSQL does with the handlers of signals.
 */
const disturbing =
  /\bprocess\.(?:memoryUsage|cpuUsage|resourceUsage|exit|abort|chdir|umask|setuid)\b|\bsetFlagsFromString\b|\bstartPostgres\(/

/**
 * The processes of a run: a file alone, or several files in a row. Chosen by path and text only, so that the same words
 * give the same groups on every machine.
 * @param {readonly string[]} files paths
 * @returns {string[][]}
 */
export function groupFiles(files) {
  const groups = []
  let open = { area: '', files: [], ms: 0 }
  for (const file of files.toSorted()) {
    const ms = guessDuration(file)
    if (ms >= groupMs / 2 || disturbing.test(readFileSync(file, 'utf8'))) {
      groups.push([file])
      continue
    }
    const area = areaOf(file)
    if (open.area !== area || open.ms + ms > groupMs) {
      open = { area, files: [], ms: 0 }
      groups.push(open.files)
    }
    open.files.push(file)
    open.ms += ms
  }
  return groups
}

/** What loads much the same modules: the packages, one application, one folder of the end-to-end tests. */
function areaOf(file) {
  const [top, next] = file.replaceAll('\\', '/').split('/')
  return top === 'packages' ? top : `${top}-${next}`
}

/**
 * Writes one file per group of several, for the runner to start.
 * @param {readonly (readonly string[])[]} groups paths
 * @returns {{ entries: string[], filesOf: (entry: string) => readonly string[], remove: () => void }}
 */
export function writeGroups(groups) {
  const cache = fileURLToPath(new URL('../node_modules/.cache/tests/', import.meta.url))
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'groups-'))
  const runner = new URL('run-together.mjs', import.meta.url).href
  const members = new Map()
  for (const files of groups) {
    const paths = files.map((file) => resolve(file))
    if (files.length === 1) members.set(paths[0], files)
    else {
      const entry = join(folder, `${areaOf(files[0])}-${members.size}.mjs`)
      const lines = [`import { runTogether } from '${runner}'`, `await runTogether(${JSON.stringify(paths, null, 2)})`]
      writeFileSync(entry, `${lines.join('\n')}\n`)
      members.set(entry, files)
    }
  }
  return {
    entries: [...members.keys()],
    filesOf: (entry) => members.get(entry) ?? [],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
