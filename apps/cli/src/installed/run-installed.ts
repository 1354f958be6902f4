import { rmSync } from 'node:fs'
import { connectorConfigSchema } from '../compose/connector-config.ts'
import { componentConfig } from '../config/config-options.ts'
import { runConnectorWith } from '../run/run-connector.ts'
import { writeFileWhole } from '../state/write-file.ts'
import type { Terminal } from '../terminal.ts'
import type { InstalledHome } from './home.ts'

/** Runs the Cloud Connector of an installation until it is asked to stop. Its events go to the trace file. */
export async function runInstalled(terminal: Terminal, home: InstalledHome, pidFile?: string): Promise<void> {
  const config = componentConfig(connectorConfigSchema, terminal, {
    config: home.settings,
    set: [`dataDirectory=${home.config}`, `logDirectory=${home.log}`],
  })
  // Of another process that runs in this folder, until this one is ready.
  let isOwn = false
  try {
    await runConnectorWith(terminal, config, {
      isConsole: false,
      ready(url) {
        terminal.print(`The Cloud Connector is ready: ${shownUrl(url)}. Its trace is ${home.log}/ljs_trace.log.`)
        if (pidFile === undefined) return
        writeFileWhole(pidFile, `${process.pid}\n`)
        isOwn = true
      },
    })
  } finally {
    if (pidFile !== undefined && isOwn) rmSync(pidFile, { force: true })
  }
}

/** An address that a browser of this machine can open. */
function shownUrl(url: string): string {
  return url.replace('://0.0.0.0:', '://localhost:').replace('://[::]:', '://localhost:')
}
