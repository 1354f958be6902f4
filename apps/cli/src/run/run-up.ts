import { join, relative } from 'node:path'
import { openTraceFile } from '@landbridge/cloud-connector'
import { describeConfig, loadConfig } from '@landbridge/config'
import { pinoLog } from '@landbridge/http-api'
import { systemClock } from '@landbridge/kernel'
import { type ConfigOptions, configSources } from '../config/config-options.ts'
import { ownCommand } from '../output/own-command.ts'
import { openDataDirectory } from '../state/data-directory.ts'
import { lockDirectory } from '../state/lock.ts'
import { removeState, writeState } from '../state/state-file.ts'
import type { Terminal } from '../terminal.ts'
import { type MovedPort, type PortWish, startOnChosenPorts } from '../up/choose-ports.ts'
import { openLogFile } from '../up/log-file.ts'
import { type PortName, portNames } from '../up/ports.ts'
import { rememberedPorts, rememberPorts } from '../up/remembered-ports.ts'
import { type RunningPlatform, startPlatform } from '../up/start-up.ts'
import { copyableCommands, summaryText } from '../up/summary.ts'
import { type UpConfig, upConfigSchema } from '../up/up-config.ts'
import { productVersion } from '../version.ts'
import { closeInTime } from './close-in-time.ts'

export interface UpCommandOptions extends ConfigOptions {
  readonly data: string
  readonly json?: boolean
}

/** Starts everything in this process and runs it until it is asked to stop. */
export async function runUp(terminal: Terminal, options: UpCommandOptions): Promise<void> {
  const startedAtMs = performance.now()
  const { config, wishes } = readConfig(terminal, options)
  const version = productVersion()
  // Files with secrets are made by several libraries: none of them shall be readable by others.
  process.umask(0o077)
  const dataDirectory = openDataDirectory(options.data, version)
  const lock = lockDirectory(dataDirectory)
  const logFile = openLogFile(dataDirectory, config.logLevel, (text) => terminal.note(text))
  const connectorLogDirectory = join(dataDirectory, 'log')
  const trace = openTraceFile(connectorLogDirectory, (text) => terminal.note(text))
  const connectorLog = pinoLog(config.logLevel, {
    write(line) {
      logFile.write(line)
      trace.write(line)
    },
  }).with({ component: 'connector' })
  try {
    const stopped = new Promise<void>((resolve) => terminal.onStop(resolve))
    const remembered = rememberedPorts(dataDirectory)
    const { platform, moved } = await startOnChosenPorts(config.host, wishes, remembered, async (ports, moved) => {
      rememberPorts(dataDirectory, ports)
      const platform = await startPlatform({
        dataDirectory,
        version,
        host: config.host,
        ports,
        identity: config.identity,
        notifications: config.notifications,
        clock: systemClock,
        log: logFile.log,
        connectorLog,
        connectorLogDirectory,
        audit: (line) => logFile.write(`${line}\n`),
        progress: (step) => terminal.note(terminal.errorStyle.dim(`${step} ...`)),
      })
      return { platform, moved }
    })
    try {
      writeState(dataDirectory, {
        ...platform.state,
        pid: process.pid,
        startedAt: new Date().toISOString(),
        files: [
          { holds: 'log, and audit events of the proxy', path: logFile.path },
          { holds: 'traces and audit files of the Cloud Connector', path: connectorLogDirectory },
        ],
      })
      announce(terminal, options, platform, dataDirectory, moved, performance.now() - startedAtMs)
      await stopped
      terminal.note(terminal.errorStyle.dim('Stopping ...'))
      removeState(dataDirectory)
    } finally {
      await closeInTime(platform)
    }
  } finally {
    trace.close()
    logFile.close()
    lock.release()
  }
}

/** Ports from any source but the defaults were chosen by somebody: those do not move. */
function readConfig(
  terminal: Terminal,
  options: UpCommandOptions,
): { readonly config: UpConfig; readonly wishes: readonly PortWish[] } {
  const given = options as unknown as Readonly<Record<string, unknown>>
  const overrides = Object.fromEntries(portNames.map((name) => [`ports.${name}`, given[optionKey(name)]]))
  const sources = configSources(terminal, options, overrides)
  const config = loadConfig(upConfigSchema, sources)
  const origins = new Map(describeConfig(upConfigSchema, sources).entries.map(({ path, origin }) => [path, origin]))
  const wishes = portNames.map((name) => ({
    name,
    port: config.ports[name],
    isExplicit: origins.get(`ports.${name}`) !== 'default',
  }))
  return { config, wishes }
}

/** The name under which commander hands over the value of a port option. */
function optionKey(name: PortName): string {
  return `port${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
}

function announce(
  terminal: Terminal,
  options: UpCommandOptions,
  platform: RunningPlatform,
  dataDirectory: string,
  moved: readonly MovedPort[],
  startMs: number,
): void {
  const { components, version } = platform.state
  if (options.json) {
    const document = {
      dataDirectory,
      components,
      moved,
      credentials: platform.credentials,
      startMs: Math.round(startMs),
    }
    terminal.print(JSON.stringify(document))
    return
  }
  const own = ownCommand(terminal.environment, terminal.workingDirectory)
  const data = options.data === '.landbridge' ? '' : ` --data ${options.data}`
  const near = relative(terminal.workingDirectory, dataDirectory)
  const connectorCa = join(near.startsWith('..') ? dataDirectory : near, 'connector-ca.pem')
  const commands = copyableCommands(platform, own, data, connectorCa)
  const { credentials } = platform
  const summary = { version, dataDirectory, startMs, components, moved, credentials, commands }
  terminal.print(summaryText(summary, terminal.style))
}
