import { join, resolve } from 'node:path'
import { openTraceFile, subaccountHealthPath } from '@landbridge/cloud-connector'
import { randomSecret, Secret } from '@landbridge/kernel'
import { startConnectorGroup } from '../compose/connector.ts'
import { type ConnectorConfig, connectorConfigSchema } from '../compose/connector-config.ts'
import { connectorKeys, openSealer } from '../compose/platform-keys.ts'
import { type ConfigOptions, componentConfig } from '../config/config-options.ts'
import { configuredKeys } from '../keys/configured-keys.ts'
import { writeFileWhole } from '../state/write-file.ts'
import type { Terminal } from '../terminal.ts'
import { type ComponentEnvironment, runComponent, type StartedComponent } from './run-component.ts'

/** How a connector shows itself to whoever started it. */
export interface ConnectorDisplay {
  /** Prints one JSON document with the addresses once ready. */
  readonly json?: boolean
  /** Whether the log goes to standard output too, besides the trace file. */
  readonly isConsole: boolean
  /** Called with the address of the administration once it answers. */
  readonly ready?: (url: string) => void
}

/** Runs `landbridge connector` until it is asked to stop. */
export function runConnector(terminal: Terminal, options: ConfigOptions & { readonly json?: boolean }): Promise<void> {
  const config = componentConfig(connectorConfigSchema, terminal, options)
  return runConnectorWith(terminal, config, { isConsole: true, json: options.json === true })
}

/** Runs a connector until it is asked to stop; the trace is kept in `ljs_trace.log` of the log directory. */
export async function runConnectorWith(
  terminal: Terminal,
  config: ConnectorConfig,
  { isConsole, json = false, ready }: ConnectorDisplay,
): Promise<void> {
  const logDirectory = config.logDirectory ?? join(resolve(config.dataDirectory), 'log')
  const toConsole = (line: string): void => (json ? terminal.note(line.trimEnd()) : terminal.print(line.trimEnd()))
  const trace = openTraceFile(logDirectory, (text) => terminal.note(text))
  try {
    await runComponent(terminal, {
      name: 'connector',
      dataDirectory: config.dataDirectory,
      logLevel: config.logLevel,
      json,
      writeLog(line) {
        trace.write(line)
        if (isConsole) toConsole(line)
      },
      ready: ([administration]) => ready?.(administration?.url ?? ''),
      start: (environment) => start(terminal, config, logDirectory, environment),
    })
  } finally {
    trace.close()
  }
}

async function start(
  terminal: Terminal,
  config: ConnectorConfig,
  logDirectory: string,
  { dataDirectory, clock, log }: ComponentEnvironment,
): Promise<StartedComponent> {
  const statusToken = new Secret(randomSecret())
  const keys = await configuredKeys({ ...connectorKeys, ...config }, terminal.environment)
  const connector = await startConnectorGroup({
    config: config.connector,
    logDirectory,
    configDirectory: dataDirectory,
    statusToken,
    storeUrl: `sqlite:${join(dataDirectory, 'connector.db')}`,
    sealer: openSealer(dataDirectory, connectorKeys.fileName, keys),
    clock,
    log,
  })
  const { name, url } = connector
  const caFile = join(dataDirectory, 'connector-ca.pem')
  writeFileWhole(caFile, connector.uiCa, 0o644)
  return {
    caFile,
    files: [{ holds: 'traces and audit files of the Cloud Connector', path: logDirectory }],
    components: [{ name, url, readyUrl: `${url}/health/ready` }],
    connector: { subaccountsUrl: `${url}${subaccountHealthPath}`, token: statusToken.reveal() },
    whenReady: () => connector.whenReady(),
    close: () => connector.close(),
  }
}
