import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../host/children.ts'
import { placed } from '../host/placement.ts'
import type { Entry } from '../peers/peer.ts'
import { hostOf, type LoadGenerator, type LoadResult, requestHead } from './load.ts'

const marker = 'BENCH-RESULT '

/** Load by wrk with one thread: more of them only take the processor from the proxies on a small machine. */
export function wrkGenerator(command: string, folder: string): LoadGenerator {
  let runs = 0
  return {
    name: 'wrk',
    async run(entry, path, connections, seconds, placement = 'free') {
      const script = join(folder, `request-${runs++}.lua`)
      writeFileSync(script, wrkScript(entry, path), { mode: 0o600 })
      const url = `http://${entry.host}:${entry.port}/`
      const args = ['-t1', `-c${connections}`, `-d${seconds}`, '--timeout', '10', '--latency', '-s', script, url]
      const load = placed('load', placement, command, args)
      return parseWrk(await runCommand(load.command, load.args))
    },
  }
}

/**
 * A script without a `request` function, unless there are variants: wrk then sends one prepared buffer instead of calling
 * Lua per request. Variants are prepared buffers too, taken in turn by all connections.
 */
export function wrkScript(entry: Entry, path: string): string {
  const headers = Object.entries({ Host: hostOf(entry), ...entry.headers })
  return `wrk.method = "GET"
wrk.path = ${JSON.stringify(entry.targetPrefix + path)}
${headers.map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`).join('\n')}
${entry.variants === undefined ? '' : takingTurns(entry, path)}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n${marker}{"requests":%d,"seconds":%f,"p50Us":%d,"p99Us":%d,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`
}

function takingTurns(entry: Entry, path: string): string {
  const heads = entry.variants!.map((variant) => luaText(requestHead(entry, 'GET', path, variant).toString('latin1')))
  return `local heads = {${heads.join(',\n')}}
local at = 0
function request()
  at = at % #heads + 1
  return heads[at]
end`
}

/** Headers hold printable ASCII and line ends only. */
function luaText(text: string): string {
  return JSON.stringify(text)
}

/** Finds the result line of our script in wrk's output. @throws Error when there is none */
export function parseWrk(output: string): LoadResult {
  const line = output.split('\n').find((candidate) => candidate.startsWith(marker))
  if (line === undefined) throw new Error(`wrk printed no result:\n${output}`)
  return JSON.parse(line.slice(marker.length)) as LoadResult
}
