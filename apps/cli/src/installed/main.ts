import { hostname } from 'node:os'
import { errorText } from '../output/error-text.ts'
import { openDataDirectory } from '../state/data-directory.ts'
import { processTerminal, type Terminal } from '../terminal.ts'
import { productVersion } from '../version.ts'
import { becomeOwner, homeAt, type InstalledHome } from './home.ts'
import { ensureSettings, readPort, writePort } from './settings-file.ts'

const usages: Readonly<Record<string, string>> = {
  run: `Usage: ./go.sh [--pid-file FILE]
Starts the Cloud Connector of this folder. Settings: config/scc.yaml; logs: log/.`,
  changeport: `Usage: ./changeport.sh PORT    set the port of the administration, 1 to 65535
       ./changeport.sh --show  print the port that is set`,
}

process.exitCode = await main(process.argv.slice(2), processTerminal())
// Whatever is still open now must not keep the process alive.
setTimeout(() => process.exit(), 1_000).unref()

/** What the scripts of an installation call: `run FOLDER …` or `changeport FOLDER …`. @returns the exit status */
async function main([action = '', folder = '', ...args]: readonly string[], terminal: Terminal): Promise<number> {
  process.umask(0o077)
  const home = homeAt(folder)
  becomeOwner(home)
  try {
    if (action === 'run') return await run(home, args, terminal)
    if (action === 'changeport') return changePort(home, args, terminal)
    return misused(terminal, Object.values(usages).join('\n'))
  } catch (thrown) {
    terminal.note(errorText(thrown, terminal.errorStyle))
    return 1
  }
}

async function run(home: InstalledHome, args: readonly string[], terminal: Terminal): Promise<number> {
  const [option, pidFile] = args
  const isPidFile = args.length === 2 && option === '--pid-file' && pidFile !== undefined
  if (args.length > 0 && !isPidFile) return misused(terminal, usages.run ?? '')
  prepare(home)
  const { runInstalled } = await import('./run-installed.ts')
  await runInstalled(terminal, home, isPidFile ? pidFile : undefined)
  return 0
}

function changePort(home: InstalledHome, args: readonly string[], terminal: Terminal): number {
  const [text = '', ...rest] = args
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (rest.length > 0 || (text !== '--show' && (port < 1 || port > 65_535))) {
    if (text !== '' && text !== '--help') terminal.note(`${text} is no port. The port stays as it is.`)
    return misused(terminal, usages.changeport ?? '')
  }
  prepare(home)
  if (text === '--show') terminal.print(String(readPort(home.settings)))
  else {
    writePort(home.settings, port)
    terminal.print(`The port of the administration is now ${port}. Restart the Cloud Connector to activate it.`)
  }
  return 0
}

/** Makes what a new installation lacks. */
function prepare(home: InstalledHome): void {
  openDataDirectory(home.config, productVersion())
  ensureSettings(home.settings, hostname())
}

function misused(terminal: Terminal, usage: string): number {
  terminal.note(usage)
  return 2
}
